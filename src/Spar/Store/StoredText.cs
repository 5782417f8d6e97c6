using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Spar.Store;

/// <summary>
/// Text in run.db, byte for byte. SQLite's texts end at U+0000 in some of its functions, and UTF-8 has no lone
/// surrogates: a text with either is kept as a blob of its UTF-16 units, every other one as text that people can read.
/// </summary>
internal static class StoredText
{
    /// <summary>Selects a row's text as two columns, Text and Blob, of which one is empty.</summary>
    public const string Columns =
        "CASE typeof(text) WHEN 'blob' THEN '' ELSE text END AS Text, CASE typeof(text) WHEN 'blob' THEN hex(text) " +
        "ELSE '' END AS Blob";

    /// <summary>What is kept for a text: itself, or the bytes of its UTF-16 units.</summary>
    public static object Value(string text) => IsPlain(text) ? text : MemoryMarshal.AsBytes(text.AsSpan()).ToArray();

    /// <summary>The text of a row.</summary>
    /// <param name="text">Its column Text.</param>
    /// <param name="blob">Its column Blob: hexadecimal digits.</param>
    public static string Read(string text, string blob) =>
        blob.Length == 0 ? text : new string(MemoryMarshal.Cast<byte, char>(Convert.FromHexString(blob)));

    private static bool IsPlain(string text)
    {
        for (ReadOnlySpan<char> rest = text; rest.Length > 0;)
        {
            if (rest[0] == 0 || Rune.DecodeFromUtf16(rest, out _, out int used) != OperationStatus.Done)
            {
                return false;
            }

            rest = rest[used..];
        }

        return true;
    }
}
