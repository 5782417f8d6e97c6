using System.Text;

namespace Spar.Engine.Tokenization;

/// <summary>
/// Turns ids into text one at a time, for showing a generation as it grows. What is returned is final: half a character
/// is held back until the rest of it comes, and the pieces together are exactly what <see cref="Tokenizer.Decode"/>
/// gives for all ids. Not thread-safe.
/// </summary>
/// <param name="tokenizer">The tokenizer that the ids belong to.</param>
/// <param name="skipSpecialTokens">True to leave special tokens out of the text.</param>
internal sealed class StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens = true)
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _text = new();
    private readonly List<byte> _byteRun = [];
    private int _toStrip = tokenizer.Decoder.StripCount;

    /// <summary>Adds a token.</summary>
    /// <param name="id">The next id; one that the vocabulary lacks stands for no text.</param>
    /// <returns>The text that is now certain; often empty while a character is incomplete.</returns>
    public string Append(int id)
    {
        Add(id);
        return Take();
    }

    /// <summary>
    /// Ends the text: what was held back comes out, with U+FFFD for bytes that form no character. The decoder can then
    /// start anew.
    /// </summary>
    public string Flush()
    {
        EndByteRun();
        AddBytes([], flush: true);
        string last = Take();
        _toStrip = tokenizer.Decoder.StripCount;
        return last;
    }

    internal void Add(int id)
    {
        if (!tokenizer.TryGetDecoded(id, out byte[] bytes, out bool isByteToken, out bool special)
            || (special && skipSpecialTokens))
        {
            return;
        }

        if (isByteToken)
        {
            _byteRun.Add(bytes[0]);
        }
        else
        {
            EndByteRun();
            AddBytes(bytes, flush: false);
        }
    }

    // The reference decodes a run of byte tokens as a whole: as text when it is valid UTF-8, else every byte becomes
    // U+FFFD.
    private void EndByteRun()
    {
        if (_byteRun.Count == 0)
        {
            return;
        }

        try
        {
            _text.Append(s_strict.GetString([.. _byteRun]));
        }
        catch (DecoderFallbackException)
        {
            _text.Append('\uFFFD', _byteRun.Count);
        }

        _byteRun.Clear();
    }

    private void AddBytes(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> chars = bytes.Length <= 128 ? stackalloc char[bytes.Length + 4] : new char[bytes.Length + 4];
        _text.Append(chars[.._utf8.GetChars(bytes, chars, flush)]);
    }

    private string Take()
    {
        int start = 0;
        while (_toStrip > 0 && start < _text.Length)
        {
            bool strip = _text[start] == tokenizer.Decoder.StripChar;
            _toStrip = strip ? _toStrip - 1 : 0;
            start += strip ? 1 : 0;
        }

        string result = _text.ToString(start, _text.Length - start);
        _text.Clear();
        return result;
    }
}
