using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Tests.Fuzzing;

/// <summary>Every known instruction with arguments as the benchmarks give them.</summary>
internal static class InstructionSamples
{
    /// <summary>Reads the arguments of each set's data.</summary>
    /// <param name="data">The folder with the folders ifeval, ifbench and iftrain.</param>
    /// <returns>For each id, in the order of <see cref="InstructionRegistry.Ids"/>, at least one instruction.</returns>
    public static Dictionary<string, List<Instruction>> Load(string data)
    {
        Dictionary<string, List<Instruction>> samples =
            InstructionRegistry.Ids.ToDictionary(id => id, _ => new List<Instruction>());
        foreach (string set in new[] { "ifeval", "ifbench" })
        {
            LoadedFile<InstructionPrompt> prompts = InstructionPrompt.Load(Path.Combine(data, set, "prompts.jsonl"));
            foreach (Instruction instruction in prompts.Items.SelectMany(prompt => prompt.Instructions))
            {
                samples[instruction.Id].Add(instruction);
            }
        }

        foreach (string set in new[] { "iftrain", "ifbench" })
        {
            using JsonDocument document =
                JsonDocument.Parse(File.ReadAllText(Path.Combine(data, set, "generic_arguments.json")));
            foreach (JsonProperty instruction in document.RootElement.EnumerateObject())
            {
                foreach (JsonElement element in instruction.Value.EnumerateArray())
                {
                    InstructionArguments arguments = new(element);
                    InstructionVerifier verifier = InstructionRegistry.Create(instruction.Name, arguments);
                    samples[instruction.Name].Add(new Instruction(instruction.Name, arguments, verifier));
                }
            }
        }

        return samples;
    }
}
