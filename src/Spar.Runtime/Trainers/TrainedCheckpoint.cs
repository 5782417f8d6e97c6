using Spar.Engine.Checkpoints;
using Spar.Ground;

namespace Spar.Runtime.Trainers;

/// <summary>Takes what a trainer left for a run's checkpoint.</summary>
internal static class TrainedCheckpoint
{
    // What a model needs; what else a trainer leaves (its logs, its card, its arguments) is no part of it.
    private static readonly string[] s_files =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json",
        "model.safetensors", "model.safetensors.index.json",
    ];

    /// <summary>
    /// Moves a checkpoint under its name, as a whole or not at all, and all else that the trainer wrote beside its
    /// inputs. An adapter is worked into the model that it belongs to, and kept in the checkpoint's folder
    /// <c>adapter</c>. Called again after a kill at any moment it comes to the same.
    /// </summary>
    /// <param name="output">What the trainer left; whole, or gone because it was moved already.</param>
    /// <param name="start">What was trained.</param>
    /// <param name="target">The checkpoint's folder; what was there is replaced.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public static void Adopt(string output, string start, string target)
    {
        if (!Directory.Exists(output))
        {
            return;
        }

        try
        {
            foreach (string folder in Directory.GetDirectories(output))
            {
                Directory.Delete(folder, recursive: true);
            }

            bool adapter = LoraFile.IsAdapter(output);
            string partial = target + ".partial";
            if (adapter)
            {
                Clear(partial);
                Checkpoint merged = Checkpoint.Load(output);
                Checkpoint.Save(
                    partial, merged.Config, merged.Tensors, tokenizerSource: Checkpoint.TokenizerFolder(start));
                Directory.Move(output, Path.Combine(partial, "adapter"));
            }

            string whole = adapter ? Path.Combine(partial, "adapter") : output;
            foreach (string file in Directory.GetFiles(whole).Where(file => !IsModel(file)))
            {
                File.Move(
                    file, Path.Combine(Path.GetDirectoryName(output)!, Path.GetFileName(file)), overwrite: true);
            }

            Clear(target);
            Directory.Move(adapter ? partial : output, target);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException(
                $"The trained model cannot be taken from {output} to {target}: {fault.Message.TrimEnd('.')}.",
                "Free some space or mend the permissions, then run the same command again.", fault);
        }

        static bool IsModel(string file)
        {
            string name = Path.GetFileName(file);
            return s_files.Contains(name)
                || name.StartsWith("adapter_", StringComparison.Ordinal)
                || (name.StartsWith("model-", StringComparison.Ordinal)
                    && name.EndsWith(".safetensors", StringComparison.Ordinal));
        }

        static void Clear(string old)
        {
            if (Directory.Exists(old))
            {
                Directory.Delete(old, recursive: true);
            }
        }
    }
}
