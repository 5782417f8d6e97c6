using Spar.Engine.Files;

namespace Spar.Engine.Checkpoints;

/// <summary>Tells what a path that is given for a model means, and says of what is none why it is none.</summary>
internal static class ModelPath
{
    // Weights in formats that are not read, by the ends of their files' names.
    private static readonly string[] s_otherWeights = [".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx"];

    /// <summary>
    /// The GGUF file that a path means: the file itself, whatever its name, or the only one in a folder without
    /// <c>config.json</c>. Null when it means a folder in the Hugging Face layout, an adapter's, or a tokenizer.
    /// </summary>
    /// <param name="path">What was given.</param>
    /// <exception cref="EngineException">
    /// There is nothing at the path, or nothing that could be a model; the message says what is there.
    /// </exception>
    public static string? FindGguf(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || BeginsAsGguf(path) ? path
                : Path.GetFileName(path) == "tokenizer.json" ? null
                : throw new EngineException(
                    $"'{path}' is no GGUF file (it does not begin with the letters GGUF). Name a GGUF file, or the "
                        + "folder of a checkpoint "
                        + "(config.json, model.safetensors, tokenizer.json)."
                );
        }

        if (!Directory.Exists(path))
        {
            throw new EngineException(
                $"There is no model folder or file '{path}'. Name the folder of a checkpoint, or a GGUF file."
            );
        }

        if (
            new[] { "config.json", "adapter_config.json", "tokenizer.json", "tokenizer_config.json" }.Any(name =>
                File.Exists(Path.Combine(path, name))
            )
        )
        {
            return null;
        }

        string[] files =
        [
            .. Directory.GetFiles(path, "*.gguf").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal),
        ];
        return files.Length == 1
            ? Path.Combine(path, files[0])
            : throw new EngineException(
                files.Length > 1
                    ? $"The folder '{path}' holds {files.Length} GGUF files ({string.Join(", ", files.Take(4))}). Name one of them."
                : LastActor(path) is string actor
                    ? $"'{path}' is a run directory, not a model. Its last actor is '{actor}'; name that."
                : !Directory.EnumerateFileSystemEntries(path).Any()
                    ? $"The model folder '{path}' is empty: it has neither config.json nor a GGUF file."
                : $"The folder '{path}' holds no model: neither config.json nor a GGUF file."
            );
    }

    /// <summary>
    /// Whether there is a file, a folder in the Hugging Face layout, or a folder with one GGUF file; nothing is read.
    /// </summary>
    /// <param name="path">A path.</param>
    public static bool LeadsToModel(string path) =>
        File.Exists(path)
        || File.Exists(Path.Combine(path, "config.json"))
        || (Directory.Exists(path) && Directory.GetFiles(path, "*.gguf").Length == 1);

    /// <summary>
    /// Refuses a folder whose weights are not there, or are in a format that is not read; to be asked before anything
    /// else is read from it.
    /// </summary>
    /// <param name="directory">A folder in the Hugging Face layout.</param>
    /// <param name="weights">Names of the files that may hold the weights, or list them.</param>
    /// <exception cref="EngineException">None of the files is there.</exception>
    public static void RequireWeights(string directory, params ReadOnlySpan<string> weights)
    {
        foreach (string name in weights)
        {
            if (File.Exists(Path.Combine(directory, name)))
            {
                return;
            }
        }

        string? other = Directory
            .GetFiles(directory)
            .Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault(file => s_otherWeights.Contains(Path.GetExtension(file)));
        throw new EngineException(
            other is null
                ? $"The model folder '{directory}' has no weights: neither {string.Join(" nor ", weights.ToArray())}."
                : $"The model folder '{directory}' has its weights in '{other}', a format that is not read. "
                    + "Convert them to model.safetensors "
                    + "(Transformers: model.save_pretrained with safe_serialization), or get the model in that format."
        );
    }

    private static bool BeginsAsGguf(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 4);
            Span<byte> head = stackalloc byte[4];
            return stream.ReadAtLeast(head, 4, throwOnEndOfStream: false) == 4 && head.SequenceEqual("GGUF"u8);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"Cannot read '{path}': {fault.Message}", fault);
        }
    }

    // The actor of the last iteration in a run directory, or in its folder of checkpoints; null when it is neither.
    private static string? LastActor(string path)
    {
        string folder = Directory.Exists(Path.Combine(path, "checkpoints")) ? Path.Combine(path, "checkpoints") : path;
        return Directory
            .GetDirectories(folder, "actor-*")
            .Select(actor =>
                (
                    Path: actor,
                    Number: int.TryParse(Path.GetFileName(actor)["actor-".Length..], out int number) ? number : -1
                )
            )
            .Where(actor => actor.Number >= 0 && File.Exists(Path.Combine(actor.Path, "config.json")))
            .OrderByDescending(actor => actor.Number)
            .Select(actor => actor.Path)
            .FirstOrDefault();
    }
}
