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
            Stream stream = File.OpenRead(path);
            bool packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            return new StreamReader(
                packed ? new GZipStream(stream, CompressionMode.Decompress) : stream,
                new UTF8Encoding(false, throwOnInvalidBytes: true)
            );
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EvaluationException($"{path}: there is no such file.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
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

    private static int Fill(TextReader reader, char[] buffer, string name)
    {
        try
        {
            return reader.Read(buffer, 0, buffer.Length);
        }
        catch (DecoderFallbackException fault)
        {
            throw new EvaluationException($"{name} is not UTF-8 text; name a text file, or save it as UTF-8.", fault);
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
