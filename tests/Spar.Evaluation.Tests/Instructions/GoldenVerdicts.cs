using System.IO.Compression;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Instructions;

/// <summary>
/// Compares verdicts, strict and loose, with the reference's in the golden files of one set under shared/data. Disputed
/// ones, where the reference fails or draws an argument at random, are not compared.
/// </summary>
/// <param name="folder">The folder of the set: ifbench or iftrain.</param>
internal sealed class GoldenVerdicts(string folder)
{
    /// <summary>Path of a file of the set; skips the calling test when it is not there.</summary>
    public string File(params string[] path) => SharedData.Path(["data", folder, .. path]);

    /// <summary>
    /// The verdicts on the edge cases that differ, and the ids of the instructions that they are about.
    /// </summary>
    public (List<string> Wrong, HashSet<string> Ids) EdgeCases()
    {
        List<string> wrong = [];
        HashSet<string> ids = [];
        foreach (JsonElement record in Records(File("edge_cases.jsonl")))
        {
            string id = record.GetProperty("instruction_id").GetString()!;
            bool strict = record.GetProperty("strict").GetBoolean();
            string wanted = Letters(strict, record.GetProperty("loose").GetBoolean());
            ids.Add(id);
            string? found = record.TryGetProperty("disputed", out _)
                ? null
                : Verdicts(id, record.GetProperty("kwargs"), record.GetProperty("response").GetString()!);
            if (found is not null && found != wanted)
            {
                wrong.Add($"{record.GetProperty("id")}, {id}: wanted {wanted}, found {found}");
            }
        }

        return (wrong, ids);
    }

    /// <summary>The verdicts on texts of all sorts that differ, and the number of all of them.</summary>
    public (List<string> Wrong, int Count) Texts()
    {
        using JsonDocument arguments = JsonDocument.Parse(System.IO.File.ReadAllText(File("generic_arguments.json")));
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement record in Records(File("generic.jsonl.gz")))
        {
            string response = record.GetProperty("response").GetString()!;
            JsonElement disputed = record.TryGetProperty("disputed", out JsonElement object_) ? object_ : default;
            foreach (JsonProperty verdict in record.GetProperty("verdicts").EnumerateObject())
            {
                if (disputed.ValueKind == JsonValueKind.Object && disputed.TryGetProperty(verdict.Name, out _))
                {
                    continue;
                }

                string[] key = verdict.Name.Split('#');
                string found = Verdicts(key[0], arguments.RootElement.GetProperty(key[0])[int.Parse(key[1])], response);
                if (found != verdict.Value.GetString())
                {
                    wrong.Add($"{record.GetProperty("id")}, {verdict.Name}: wanted {verdict.Value}, found {found}");
                }

                count++;
            }
        }

        return (wrong, count);
    }

    /// <summary>
    /// The verdicts on a model's responses to the prompts of IFEval that differ, and the number of all of them.
    /// </summary>
    public (List<string> Wrong, int Count) Responses(string model)
    {
        Dictionary<string, string> prompts = TextsByKey("prompt", "prompts.jsonl");
        Dictionary<string, string> responses = TextsByKey("response", "responses", model + ".jsonl.gz");
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement record in Records(File("cross", model + ".jsonl.gz")))
        {
            string key = record.GetProperty("key").ToString();
            foreach (JsonElement check in record.GetProperty("checks").EnumerateArray())
            {
                if (check.GetArrayLength() > 3 && check[3].TryGetProperty("why", out _))
                {
                    continue;
                }

                string id = check[0].GetString()!;
                string kwargs = check[1].GetRawText().Replace("\"@prompt\"", JsonSerializer.Serialize(prompts[key]));
                using JsonDocument arguments = JsonDocument.Parse(kwargs);
                string found = Verdicts(id, arguments.RootElement, responses[key]);
                if (found != check[2].GetString())
                {
                    wrong.Add($"{key}, {id} {kwargs}: wanted {check[2]}, found {found}");
                }

                count++;
            }
        }

        return (wrong, count);
    }

    private static Dictionary<string, string> TextsByKey(string field, params string[] path) =>
        Records(SharedData.Path(["data", "ifeval", .. path])).ToDictionary(
            record => record.GetProperty("key").ToString(), record => record.GetProperty(field).GetString()!);

    /// <summary>The records of a file of JSON lines, packed or not.</summary>
    public static IEnumerable<JsonElement> Records(string file)
    {
        using Stream stream = System.IO.File.OpenRead(file);
        bool packed = file.EndsWith(".gz", StringComparison.Ordinal);
        using StreamReader reader = new(packed ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        while (reader.ReadLine() is string line)
        {
            yield return JsonDocument.Parse(line).RootElement;
        }
    }

    private static string Verdicts(string id, JsonElement kwargs, string response)
    {
        InstructionArguments arguments = new(kwargs);
        Instruction instruction = new(id, arguments, InstructionRegistry.Create(id, arguments));
        InstructionSample sample = InstructionScorer.Score(new InstructionPrompt("", "", [instruction]), response);
        Assert.DoesNotContain('\n', sample.Explanations[0]);
        return Letters(sample.Strict[0], sample.Loose[0]);
    }

    private static string Letters(bool strict, bool loose) => (strict ? "T" : "F") + (loose ? "T" : "F");
}
