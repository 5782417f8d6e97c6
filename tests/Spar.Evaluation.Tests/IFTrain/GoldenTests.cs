using System.IO.Compression;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.IFTrain;

/// <summary>Compares every verdict that nobody disputes with those of the reference verifiers.</summary>
public class GoldenTests
{
    private static string Golden(params string[] path) => SharedData.Path(["data", "iftrain", .. path]);

    [Fact]
    public void Every_edge_case_equals_the_reference()
    {
        List<string> wrong = [];
        HashSet<string> ids = [];
        foreach (JsonElement record in Records(Golden("edge_cases.jsonl")))
        {
            string id = record.GetProperty("instruction_id").GetString()!;
            (bool, bool) wanted = (record.GetProperty("strict").GetBoolean(), record.GetProperty("loose").GetBoolean());
            bool disputed = record.TryGetProperty("disputed", out _);
            string response = record.GetProperty("response").GetString()!;
            ids.Add(id);
            if (!disputed && Verdicts(id, record.GetProperty("kwargs"), response) != wanted)
            {
                wrong.Add($"{record.GetProperty("id")}, {id}, wanted {wanted}: {response}");
            }
        }

        Assert.Empty(wrong);
        IEnumerable<string> all = InstructionRegistry.Ids.Where(id => InstructionRegistry.SetOf(id) == InstructionSet.IFTrain);
        Assert.Equal(all.Order(), ids.Order());
    }

    [Fact]
    public void Every_verdict_on_texts_of_all_sorts_equals_the_reference()
    {
        using JsonDocument arguments = JsonDocument.Parse(File.ReadAllText(Golden("generic_arguments.json")));
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement record in Records(Golden("generic.jsonl.gz")))
        {
            HashSet<string> disputed = Disputed(record);
            foreach (JsonProperty verdict in record.GetProperty("verdicts").EnumerateObject())
            {
                string[] key = verdict.Name.Split('#');
                JsonElement kwargs = arguments.RootElement.GetProperty(key[0])[int.Parse(key[1])];
                string wanted = verdict.Value.GetString()!;
                string response = record.GetProperty("response").GetString()!;
                if (!disputed.Contains(verdict.Name) && Letters(key[0], kwargs, response) != wanted)
                {
                    wrong.Add($"{record.GetProperty("id")}, {verdict.Name}, wanted {wanted}");
                }

                count++;
            }
        }

        Assert.Empty(wrong);
        Assert.True(count > 2000, $"{count} verdicts");
    }

    [Theory]
    [InlineData("gpt-4o-mini-2024-07-18")]
    [InlineData("Qwen2.5-0.5B-Instruct-GPTQ-Int4")]
    public void Every_verdict_on_the_responses_of_a_model_equals_the_reference(string model)
    {
        Dictionary<long, string> prompts = Records(SharedData.Path("data", "ifeval", "prompts.jsonl"))
            .ToDictionary(r => r.GetProperty("key").GetInt64(), r => r.GetProperty("prompt").GetString()!);
        string file = SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz");
        Dictionary<long, string> responses = Records(file)
            .ToDictionary(r => r.GetProperty("key").GetInt64(), r => r.GetProperty("response").GetString()!);
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement record in Records(Golden("cross", model + ".jsonl.gz")))
        {
            long key = record.GetProperty("key").GetInt64();
            foreach (JsonElement check in record.GetProperty("checks").EnumerateArray())
            {
                string id = check[0].GetString()!;
                bool disputed = check.GetArrayLength() > 3 && check[3].TryGetProperty("why", out _);
                string kwargs = check[1].GetRawText().Replace("\"@prompt\"", JsonSerializer.Serialize(prompts[key]));
                using JsonDocument arguments = JsonDocument.Parse(kwargs);
                if (!disputed && Letters(id, arguments.RootElement, responses[key]) != check[2].GetString())
                {
                    wrong.Add($"{key}, {id} {kwargs}, wanted {check[2]}");
                }

                count++;
            }
        }

        Assert.Empty(wrong);
        Assert.True(count > 5000, $"{count} verdicts");
    }

    [Fact]
    public void Every_text_is_split_into_the_references_sentences()
    {
        foreach (JsonElement record in Records(Golden("sentence_split.jsonl")))
        {
            string[] wanted = record.GetProperty("sentences").Deserialize<string[]>()!;
            Assert.Equal(wanted, RegexSentenceSplitter.Split(record.GetProperty("text").GetString()!));
        }
    }

    private static string Letters(string id, JsonElement kwargs, string response)
    {
        (bool strict, bool loose) = Verdicts(id, kwargs, response);
        return (strict ? "T" : "F") + (loose ? "T" : "F");
    }

    private static (bool Strict, bool Loose) Verdicts(string id, JsonElement kwargs, string response)
    {
        InstructionArguments arguments = new(kwargs);
        Instruction instruction = new(id, arguments, InstructionRegistry.Create(id, arguments));
        InstructionSample sample = InstructionScorer.Score(new InstructionPrompt("", "", [instruction]), response);
        return (sample.Strict[0], sample.Loose[0]);
    }

    private static HashSet<string> Disputed(JsonElement record) =>
        record.TryGetProperty("disputed", out JsonElement disputed) && disputed.ValueKind == JsonValueKind.Object
            ? [.. disputed.EnumerateObject().Select(p => p.Name)]
            : [];

    private static IEnumerable<JsonElement> Records(string file)
    {
        using Stream stream = File.OpenRead(file);
        bool packed = file.EndsWith(".gz", StringComparison.Ordinal);
        using StreamReader reader = new(packed ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        while (reader.ReadLine() is string line)
        {
            yield return JsonDocument.Parse(line).RootElement;
        }
    }
}
