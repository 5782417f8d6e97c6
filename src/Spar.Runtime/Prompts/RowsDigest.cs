using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Spar.Runtime.Prompts;

/// <summary>The fingerprint of a file of any size.</summary>
public static class RowsDigest
{
    // A file is read once in a process as long as it looks the same.
    private static readonly ConcurrentDictionary<string, string> s_known = new(StringComparer.Ordinal);

    /// <summary>SHA-256 of the file's bytes, 64 hexadecimal digits.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">It cannot be read.</exception>
    public static string Of(string path)
    {
        try
        {
            FileInfo file = new(path);
            string look = string.Create(
                CultureInfo.InvariantCulture,
                $"{file.FullName} {(file.Exists ? file.Length : 0)} {file.LastWriteTimeUtc.Ticks}"
            );
            return s_known.GetOrAdd(
                look,
                _ =>
                {
                    using FileStream stream = file.OpenRead();
                    return Convert.ToHexStringLower(SHA256.HashData(stream));
                }
            );
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                Directory.Exists(path)
                    ? $"{path} is a folder; name a file."
                    : $"{path} cannot be read: {fault.Message.TrimEnd('.')}.",
                fault
            );
        }
    }
}
