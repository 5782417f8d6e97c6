using System.IO.Compression;
using System.Text;
using Spar.Evaluation.Data;
using Spar.Evaluation.InstructionFollowing;

namespace Spar.Evaluation.Tests.IFEval;

public sealed class FileTests : IDisposable
{
    private const string Good =
        """{"key": 1, "prompt": "p1", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""";
    private const string Other =
        """{"key": 2, "prompt": "p2", "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"], "kwargs": [{"num_words": null}, {"num_words": 2, "relation": "at least"}]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-ifeval-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, params string[] lines)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllLines(file, lines);
        return file;
    }

    [Theory]
    [InlineData("""{"key": 3, "prompt": "p", "kwargs": [{}]}""", "field 'instruction_id_list' is missing")]
    [InlineData(
        """{"key": 3, "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""",
        "field 'prompt' is missing"
    )]
    [InlineData(
        """{"prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""",
        "field 'key' is missing"
    )]
    [InlineData(
        """{"key": 1.5, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""",
        "field 'key' is neither a whole number nor a text"
    )]
    [InlineData(
        """{"key": 3, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": []}""",
        "field 'kwargs' has 0 entries"
    )]
    [InlineData(
        """{"key": 3, "prompt": "p", "instruction_id_list": [], "kwargs": []}""",
        "field 'instruction_id_list' is empty"
    )]
    [InlineData(
        """{"key": 3, "prompt": "p", "instruction_id_list": ["punctuation:no_dot"], "kwargs": [{}]}""",
        "field 'instruction_id_list[0]': unknown instruction id 'punctuation:no_dot'"
    )]
    [InlineData(
        """{"key": 3, "prompt": "p", "instruction_id_list": ["startend:end_checker"], "kwargs": [{}]}""",
        "field 'kwargs[0]': startend:end_checker: argument 'end_phrase' is missing"
    )]
    [InlineData(
        """{"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""",
        "field 'key': 1 is used by an earlier line"
    )]
    [InlineData("""{"key": 3, """, "not valid JSON")]
    [InlineData("[]", "a record must be a JSON object")]
    public void A_faulty_prompt_is_named_or_skipped(string line, string fault)
    {
        string file = Write("prompts.jsonl", Good, line, Other);
        EvaluationException thrown = Assert.Throws<EvaluationException>(() => InstructionPrompt.Load(file));
        Assert.StartsWith($"{file}, line 2: {fault}", thrown.Message);

        LoadedFile<InstructionPrompt> loaded = InstructionPrompt.Load(file, lenient: true);
        Assert.Equal(["1", "2"], loaded.Items.Select(p => p.Key));
        Assert.Equal([thrown.Message], loaded.Skipped);
    }

    [Theory]
    [InlineData("""{"key": 9, "response": "x"}""", "field 'key': no prompt has the key 9")]
    [InlineData("""{"prompt": "p9", "response": "x"}""", "field 'prompt': the text is none of the prompts")]
    [InlineData("""{"response": "x"}""", "field 'key' or 'prompt' is missing")]
    [InlineData("""{"key": 2}""", "field 'response' is missing")]
    [InlineData("""{"key": 2, "response": 5}""", "field 'response' is no text")]
    [InlineData("""{"prompt": "p1", "response": "x"}""", "prompt 1 was answered by an earlier line")]
    public void A_faulty_response_is_named_or_skipped(string line, string fault)
    {
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt.Load(Write("prompts.jsonl", Good, Other)).Items;
        string file = Write(
            "responses.jsonl",
            """{"key": 1, "response": "a"}""",
            line,
            "",
            """{"prompt": "p2", "response": null}"""
        );
        EvaluationException thrown = Assert.Throws<EvaluationException>(() => InstructionResponses.Load(file, prompts));
        Assert.Equal($"{file}, line 2: {fault}", thrown.Message);

        InstructionResponses loaded = InstructionResponses.Load(file, prompts, lenient: true);
        Assert.Equal([thrown.Message], loaded.Skipped);
        Assert.Equal(("a", ""), (loaded.ByKey["1"], loaded.ByKey["2"]));
        Assert.Empty(loaded.Missing);
    }

    [Fact]
    public void A_missing_response_is_named_or_listed()
    {
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt.Load(Write("prompts.jsonl", Good, Other)).Items;
        string file = Write("responses.jsonl", """{"key": 1, "response": "a"}""");
        EvaluationException thrown = Assert.Throws<EvaluationException>(() => InstructionResponses.Load(file, prompts));
        Assert.StartsWith($"{file} has no response to 1 of 2 prompts (key 2)", thrown.Message);
        Assert.Equal(["2"], InstructionResponses.Load(file, prompts, lenient: true).Missing);
        Assert.Throws<EvaluationException>(() =>
            InstructionScorer.Score(prompts, new Dictionary<string, string> { ["1"] = "a" })
        );
    }

    [Fact]
    public void Packed_files_and_lone_surrogates_are_read()
    {
        string file = Path.Combine(_folder, "responses.jsonl.gz");
        using (GZipStream stream = new(File.Create(file), CompressionMode.Compress))
        {
            stream.Write(Encoding.UTF8.GetBytes("""{"key": 1, "response": "a\ud83d \n\"\u00e9\\"}"""));
        }

        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt.Load(Write("prompts.jsonl", Good)).Items;
        Assert.Equal("a\uD83D \n\"é\\", InstructionResponses.Load(file, prompts).ByKey["1"]);
    }

    [Fact]
    public void A_file_that_is_absent_or_damaged_is_named()
    {
        string absent = Path.Combine(_folder, "absent.jsonl");
        Assert.StartsWith(absent, Assert.Throws<EvaluationException>(() => InstructionPrompt.Load(absent)).Message);
        string unpacked = Write("prompts.jsonl.gz", Good);
        Assert.StartsWith(unpacked, Assert.Throws<EvaluationException>(() => InstructionPrompt.Load(unpacked)).Message);
        string latin1 = Path.Combine(_folder, "latin1.jsonl");
        File.WriteAllBytes(latin1, [(byte)'"', 0xE9, (byte)'"']);
        Assert.Contains("UTF-8", Assert.Throws<EvaluationException>(() => InstructionPrompt.Load(latin1)).Message);
    }

    [Fact]
    public void Accuracies_are_counted_by_prompt_and_over_all_instructions()
    {
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt.Load(Write("prompts.jsonl", Good, Other)).Items;
        InstructionResult result = InstructionScorer.Score(
            prompts,
            new Dictionary<string, string> { ["1"] = "a b", ["2"] = "a,\nb c" }
        );
        Assert.Equal(new InstructionCount(2, 1, 2), result.Prompts);
        Assert.Equal(new InstructionCount(3, 2, 3), result.Instructions);
        Assert.Equal((0.5 + 1 + (2.0 / 3) + 1) / 4, result.Average, 1e-15);
        Assert.Equal(new InstructionCount(2, 1, 2), result.ByType["punctuation:no_comma"]);
        Assert.Equal(["length_constraints", "punctuation"], result.ByFamily.Keys);
    }
}
