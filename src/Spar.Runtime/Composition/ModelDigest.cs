using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Spar.Ground;

namespace Spar.Runtime.Composition;

/// <summary>
/// A checkpoint's fingerprint, the same wherever it lies: SHA-256 over the names and bytes of the files that a model is
/// made of, and of no others, so that a description beside it may change.
/// </summary>
internal static class ModelDigest
{
    private static readonly string[] s_names =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json",
        "adapter_config.json",
    ];

    // A model is read once in a process as long as its files look the same.
    private static readonly ConcurrentDictionary<string, string> s_known = new(StringComparer.Ordinal);

    /// <summary>64 hexadecimal digits.</summary>
    /// <param name="model">A checkpoint folder or a model's only file.</param>
    /// <exception cref="SparException">There is no such model, or a file of it cannot be read.</exception>
    public static string Of(string model)
    {
        model = ShippedFiles.Resolve(model);
        try
        {
            FileInfo[] files = File.Exists(model) ? [new FileInfo(model)] : FilesOf(model);
            if (files.Length == 0)
            {
                throw new SparException(
                    $"There is no model '{model}'. Name a checkpoint folder, a GGUF file, or an endpoint as "
                    + "http://host:port/v1#name.");
            }

            // Of a single file the name does not count: a GGUF file may be called anything.
            bool single = File.Exists(model);
            string look = string.Join('\n', files.Select(file => string.Create(
                CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}")));
            return s_known.GetOrAdd(look, _ => Hash(files, single));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The model {model} cannot be read ({fault.Message}). Check its files and their permissions.", fault);
        }
    }

    private static FileInfo[] FilesOf(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. new DirectoryInfo(folder).EnumerateFiles()
            .Where(file => s_names.Contains(file.Name) || file.Extension is ".safetensors" or ".gguf"
                || file.Name.EndsWith(".safetensors.index.json", StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];

    private static string Hash(FileInfo[] files, bool single)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (FileInfo file in files)
        {
            using FileStream stream = file.OpenRead();
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{(single ? "" : file.Name)}\0{stream.Length}\0")));
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
