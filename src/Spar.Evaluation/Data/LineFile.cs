using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Spar.Evaluation.Data;

/// <summary>
/// Reads text files line by line, plain or packed (<c>.gz</c>), with faults that name the file and the line.
/// </summary>
public static class LineFile
{
    /// <summary>
    /// Most characters of a line. What is longer is no record, but a file of another kind, and would fill the memory.
    /// </summary>
    public const int MostCharacters = 16_000_000;

    /// <summary>
    /// Opens a file as UTF-8 text (or what its byte order mark says); bytes that are no text are a fault when they are
    /// read.
    /// </summary>
    /// <param name="path">The file; unpacked when its name ends in <c>.gz</c>.</param>
    /// <exception cref="EvaluationException">There is no such file, or it may not be read.</exception>
    public static StreamReader Open(string path)
    {
        try
        {
            RefuseUnmarkedUtf16(path);
            return new StreamReader(Bytes(path), new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EvaluationException($"{path}: there is no such file.", fault);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw Unreadable(path, fault);
        }
    }

    /// <summary>
    /// The lines of a file; null in the place of one that is longer than <see cref="MostCharacters"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="EvaluationException">
    /// It cannot be read, is no text, or is damaged; thrown while the lines are enumerated.
    /// </exception>
    public static IEnumerable<string?> Read(string path)
    {
        using StreamReader reader = Open(path);
        foreach (string? line in Read(reader, path))
        {
            yield return line;
        }
    }

    /// <summary>The lines of what a reader gives; see <see cref="Read(string)"/>.</summary>
    /// <param name="reader">Gives the text; stays open.</param>
    /// <param name="name">What faults call it.</param>
    /// <exception cref="EvaluationException">It cannot be read; thrown while the lines are enumerated.</exception>
    public static IEnumerable<string?> Read(TextReader reader, string name)
    {
        char[] buffer = new char[1 << 16];
        StringBuilder line = new();
        bool tooLong = false,
            begun = false,
            afterReturn = false;
        int count;
        while ((count = Fill(reader, buffer, name)) > 0)
        {
            for (int at = 0; at < count;)
            {
                if (afterReturn && buffer[at] == '\n')
                {
                    at++;
                    afterReturn = false;
                    continue;
                }

                afterReturn = false;
                int length = buffer.AsSpan(at, count - at).IndexOfAny('\r', '\n');
                int taken = length < 0 ? count - at : length;
                tooLong |= line.Length + taken > MostCharacters;
                if (tooLong)
                {
                    line.Clear();
                }
                else
                {
                    line.Append(buffer, at, taken);
                }

                begun = true;
                at += taken;
                if (length >= 0)
                {
                    yield return tooLong ? null : line.ToString();
                    line.Clear();
                    (tooLong, begun, afterReturn) = (false, false, buffer[at] == '\r');
                    at++;
                }
            }
        }

        if (begun)
        {
            yield return tooLong ? null : line.ToString();
        }
    }

    /// <summary>A fault about a line that is too long.</summary>
    /// <param name="name">The file.</param>
    /// <param name="number">The line's number, from 1.</param>
    public static EvaluationException TooLong(string name, int number) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}, line {number}: has more than {MostCharacters} characters; a file of one record a line is "
                    + $"expected"
            )
        );

    /// <summary>A fault about bytes that are no UTF-8, with the first line that has some.</summary>
    /// <param name="name">The file, or a name for what is no file.</param>
    /// <param name="fault">What was noticed.</param>
    public static EvaluationException NotUtf8(string name, DecoderFallbackException fault)
    {
        string line = new FileInfo(name) is { Exists: true, Length: > 0 } && InvalidLine(name) is { } number
            ? string.Create(CultureInfo.InvariantCulture, $", line {number}")
            : "";
        return new EvaluationException($"{name}{line}: not UTF-8 text; name a text file, or save it as UTF-8.", fault);
    }

    private static Stream Bytes(string path)
    {
        Stream stream = File.OpenRead(path);
        return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(stream, CompressionMode.Decompress)
            : stream;
    }

    // Text of another encoding than its marks say reads as text with a NUL in every other place.
    private static void RefuseUnmarkedUtf16(string path)
    {
        // What is no plain file (a pipe) has no length, and may be read once only.
        if (new FileInfo(path) is not { Exists: true, Length: >= 4 })
        {
            return;
        }

        using Stream stream = Bytes(path);
        Span<byte> first = stackalloc byte[4];
        if (
            stream.ReadAtLeast(first, 4, throwOnEndOfStream: false) == 4
            && (first is [not 0, 0, not 0, 0] or [0, not 0, 0, not 0])
        )
        {
            throw new EvaluationException(
                $"{path} is UTF-16 text without a byte order mark; save it as UTF-8, or with the mark."
            );
        }
    }

    private static long? InvalidLine(string path)
    {
        using Stream stream = Bytes(path);
        Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        byte[] bytes = new byte[1 << 16];
        char[] characters = new char[bytes.Length + 1];
        long line = 1;
        int count;
        while ((count = stream.Read(bytes)) > 0)
        {
            for (int from = 0; from < count;)
            {
                int end = bytes.AsSpan(from, count - from).IndexOf((byte)'\n');
                int length = end < 0 ? count - from : end + 1;
                try
                {
                    decoder.GetChars(bytes, from, length, characters, 0);
                }
                catch (DecoderFallbackException)
                {
                    return line;
                }

                line += end < 0 ? 0 : 1;
                from += length;
            }
        }

        return null;
    }

    private static int Fill(TextReader reader, char[] buffer, string name)
    {
        try
        {
            return reader.Read(buffer, 0, buffer.Length);
        }
        catch (DecoderFallbackException fault)
        {
            throw NotUtf8(name, fault);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw Unreadable(name, fault);
        }
    }

    private static EvaluationException Unreadable(string name, Exception fault) =>
        new(
            Directory.Exists(name)
                ? $"{name} is a folder; name a file."
                : $"{name} cannot be read: {fault.Message.TrimEnd('.')}.",
            fault
        );
}
