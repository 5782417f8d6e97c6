namespace Spar.Engine.Tokenization;

/// <summary>
/// The alphabet in which byte-level tokenizers spell their tokens: every byte is one printable character. Bytes that
/// are printable in Latin-1 stand for themselves, the other 68 take U+0100 and up in order (so a space is U+0120).
/// Source: GPT-2's bytes_to_unicode.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_chars = new char[256];
    private static readonly short[] s_bytes = new short[0x144];

    static ByteLevelAlphabet()
    {
        Array.Fill(s_bytes, (short)-1);
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            s_chars[value] = printable ? (char)value : (char)next++;
            s_bytes[s_chars[value]] = (short)value;
        }
    }

    /// <summary>The character that spells a byte.</summary>
    public static char ToChar(byte value) => s_chars[value];

    /// <summary>The byte that a character spells; false for a character outside the alphabet.</summary>
    public static bool TryToByte(char spelled, out byte value)
    {
        short found = spelled < s_bytes.Length ? s_bytes[spelled] : (short)-1;
        value = (byte)found;
        return found >= 0;
    }

    /// <summary>
    /// The bytes that a token spells; a token with a character outside the alphabet (an added token) stands for its
    /// UTF-8 text.
    /// </summary>
    public static byte[] ToBytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!TryToByte(token[i], out bytes[i]))
            {
                return System.Text.Encoding.UTF8.GetBytes(token);
            }
        }

        return bytes;
    }
}
