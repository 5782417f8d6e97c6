using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Spar.SelfPlay;

/// <summary>
/// A checkpoint's fingerprint: SHA-256 over the names, lengths and bytes of all files in a directory but its card, or of
/// the only file that it is.
/// </summary>
public static class CheckpointDigest
{
    /// <summary>The file that describes a checkpoint and is no part of it.</summary>
    public const string CardFile = "README.md";

    /// <summary>
    /// 64 hexadecimal digits; null when there is no such directory or file, or no file in the directory.
    /// </summary>
    /// <param name="checkpoint">Directory or file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<string?> OfAsync(string checkpoint, CancellationToken cancellationToken)
    {
        string directory = checkpoint;
        string[] files;
        if (File.Exists(checkpoint))
        {
            files = [Path.GetFileName(checkpoint)];
            directory = Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
        }
        else if (!Directory.Exists(directory))
        {
            return null;
        }
        else
        {
            files = [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(directory, file).Replace('\\', '/'))
                .Where(file => file != CardFile)
                .Order(StringComparer.Ordinal)];
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(Path.Combine(directory, file));
            hash.AppendData(Encoding.UTF8.GetBytes(file + "\0"));
            BinaryPrimitives.WriteInt64LittleEndian(buffer, stream.Length);
            hash.AppendData(buffer, 0, sizeof(long));
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }

        return files.Length == 0 ? null : Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
