using System.Text.Json;
using Spar.Engine;
using Spar.Engine.Checkpoints;

namespace Spar.Runtime.Trainers;

/// <summary>
/// Whether a checkpoint that another program wrote is whole: every shard that its index names is there, and every file
/// of weights is as long as its header says.
/// </summary>
internal static class CheckpointHealth
{
    private const string Index = "model.safetensors.index.json";

    /// <summary>What is wrong with a checkpoint.</summary>
    /// <param name="folder">Its folder.</param>
    /// <returns>A sentence without its full stop; null where it is whole.</returns>
    public static string? FaultOf(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return $"there is no folder {folder}";
        }

        bool adapter = LoraFile.IsAdapter(folder);
        string index = Path.Combine(folder, Index);
        string[] weights = adapter ? ["adapter_model.safetensors"]
            : File.Exists(index) ? Shards(index)
            : ["model.safetensors"];
        if (weights.Length == 0)
        {
            return $"{Index} cannot be read";
        }

        foreach (string file in weights)
        {
            string path = Path.Combine(folder, file);
            if (!File.Exists(path))
            {
                return $"{file} is missing";
            }

            try
            {
                Safetensors.ReadShapes(path);
            }
            catch (EngineException fault)
            {
                return fault.Message.TrimEnd('.');
            }
        }

        return new[] { adapter ? "adapter_config.json" : "config.json", "tokenizer_config.json" }
            .FirstOrDefault(name => !File.Exists(Path.Combine(folder, name))) is { } missing
            ? $"{missing} is missing"
            : null;
    }

    /// <summary>Sets aside checkpoints of a training that are not whole, so that none is gone on from.</summary>
    /// <param name="output">The trainer's output folder.</param>
    /// <returns>The names of those that were set aside.</returns>
    public static IReadOnlyList<string> SetBrokenAside(string output)
    {
        List<string> broken = [];
        foreach (string folder in Directory.Exists(output) ? Directory.GetDirectories(output, "checkpoint-*") : [])
        {
            string name = Path.GetFileName(folder);
            // DeepSpeed and FSDP keep weights in files of their own, which they check themselves.
            bool own = File.Exists(Path.Combine(folder, "latest"))
                || Directory.EnumerateFileSystemEntries(folder, "pytorch_model_fsdp*").Any();
            if (!own && name["checkpoint-".Length..].All(char.IsAsciiDigit) && FaultOf(folder) is not null)
            {
                string aside = Path.Combine(output, $"broken-{name}");
                if (Directory.Exists(aside))
                {
                    Directory.Delete(aside, recursive: true);
                }

                Directory.Move(folder, aside);
                broken.Add(name);
            }
        }

        return broken;
    }

    private static string[] Shards(string index)
    {
        try
        {
            using JsonDocument read = JsonDocument.Parse(File.ReadAllBytes(index));
            return
            [
                .. read.RootElement.GetProperty("weight_map").EnumerateObject()
                    .Select(one => one.Value.GetString() ?? "").Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }
}
