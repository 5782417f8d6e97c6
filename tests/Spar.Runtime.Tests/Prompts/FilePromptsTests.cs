using System.Text.Json;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Runtime.Verifiers;
using Spar.Seams;

namespace Spar.Runtime.Tests.Prompts;

public sealed class FilePromptsTests : IDisposable
{
    private const string NoCommas = "Name three rivers. Do not use commas.";

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Splits_are_disjoint_and_more_iterations_leave_the_first_ones_as_they_were()
    {
        string file = Lines(Enumerable.Range(0, 60).Select(i => new { prompt = $"Say {i * i} and word{i}x{i} then" }));
        FilePrompts two = Open(file, 2, out PromptsFound found, heldOut: 5);
        FilePrompts three = Open(file, 3, out _, heldOut: 5);
        Assert.Equal(
            ["held-out 5", "sft 10", "refiner 8", "self-play 1 6", "self-play 2 6"],
            found.Splits.Select(split => $"{split.Name} {split.Taken}")
        );
        Assert.Equal(25, found.Dropped["not needed"]);
        PromptSplit[] splits =
        [
            PromptSplit.HeldOut,
            PromptSplit.Sft,
            PromptSplit.Refiner,
            PromptSplit.SelfPlay(1),
            PromptSplit.SelfPlay(2),
        ];
        Assert.All(splits, split => Assert.Equal(two.Take(split, 99), three.Take(split, 99)));
        Prompt[] all = [.. splits.SelectMany(split => two.Take(split, 99))];
        Assert.Equal(35, all.Select(prompt => prompt.Text).Distinct().Count());
        Assert.Equal(35, all.Select(prompt => prompt.Id).Distinct().Count());
        Assert.Equal(6, three.Take(PromptSplit.SelfPlay(3), 99).Count);
    }

    [Fact]
    public void Constraints_of_a_row_verify_its_prompt_before_the_judge_and_measure_it()
    {
        string file = Lines([
            new
            {
                key = 1,
                prompt = NoCommas,
                instruction_id_list = new[] { "punctuation:no_comma", "length_constraints:number_words" },
                kwargs = new object?[] { null, new { num_words = 3, relation = "at least", num_bullets = (int?)null } },
            },
        ]);
        FilePrompts prompts = Open(file, 0, out _, wanted: [new PromptRequest(PromptSplit.Sft, 1)]);
        string instruction = prompts.Take(PromptSplit.Sft, 1)[0].Instruction;
        IFEvalVerifier before = new(prompts.Constraints, [IFEvalVerifier.All]);
        Assert.Equal(VerificationOutcome.NotFollowed, before.Verify(instruction, "Elbe, Rhine, Oder").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, before.Verify(instruction, "Elbe").Outcome);
        Assert.Equal(VerificationOutcome.Unknown, before.Verify(instruction, "Elbe Rhine Oder").Outcome);
        Assert.Equal(VerificationOutcome.Unknown, before.Verify("Name a river.", "Elbe, Rhine").Outcome);

        IFEvalVerifier truth = new(prompts.Constraints, [IFEvalVerifier.All], whole: true);
        Assert.Equal(VerificationOutcome.Followed, truth.Verify(instruction, "Elbe Rhine Oder").Outcome);

        IFEvalVerifier commas = new(prompts.Constraints, ["punctuation"]);
        Assert.Equal(VerificationOutcome.NotFollowed, commas.Verify(instruction, "Elbe, Rhine, Oder").Outcome);
        Assert.Equal(VerificationOutcome.Unknown, commas.Verify(instruction, "Elbe").Outcome);
    }

    [Theory]
    [InlineData("made:up", "{}", "instruction_id_list[0]: there is no constraint 'made:up'. Ids are family:name")]
    [InlineData("punctuation:no_coma", "{}", "Did you mean 'punctuation:no_comma'?")]
    [InlineData("startend:whatever_else_there_may_be", "{}", "Of startend there are ")]
    [InlineData("length_constraints:number_words", "{\"relation\": 5}", "length_constraints:number_words")]
    public void A_constraint_that_cannot_be_checked_is_named_with_its_row(string id, string arguments, string words)
    {
        string file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(
            file,
            $"\n{{\"prompt\": \"{NoCommas}\", \"instruction_id_list\": [\"{id}\"], \"kwargs\": [{arguments}]}}\n"
        );
        SparException fault = Assert.Throws<SparException>(() => Open(file, 1, out _));
        Assert.StartsWith($"{file}, line 2: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_question_to_another_system_turn_is_another_prompt_and_a_long_common_one_tells_nothing()
    {
        string long_ = string.Join(' ', Enumerable.Range(0, 200).Select(i => $"rule{i}"));
        string file = Lines([
            new { system = long_, prompt = "Name a river in the north." },
            new { system = long_, prompt = "Who wrote the oldest opera?" },
            new { system = "Be brief.", prompt = "Name a river in the north." },
        ]);
        FilePrompts prompts = Open(file, 0, out PromptsFound found, wanted: [new PromptRequest(PromptSplit.Sft, 3)]);
        Assert.Equal(3, prompts.Take(PromptSplit.Sft, 3).Count);
        Assert.Empty(found.Dropped);
    }

    [Fact]
    public void What_a_benchmark_of_the_run_measures_is_kept_out()
    {
        string file = Lines([new { id = "mine", prompt = NoCommas }, new { id = "other", prompt = "Say hello." }]);
        FilePrompts prompts = new(
            new PromptSettings { Files = [file] },
            1,
            () => [new MeasuredPrompt("ifeval, 7", NoCommas)],
            () => { }
        );
        PromptsFound found = prompts.Open([new PromptRequest(PromptSplit.Sft, 2)], default)!;
        KeptOutPrompt kept = Assert.Single(found.KeptOut);
        Assert.Equal(("mine", "ifeval, 7", "the same text"), (kept.Id, kept.Near, kept.Measure));
        Assert.Equal(["Say hello."], prompts.Take(PromptSplit.Sft, 2).Select(prompt => prompt.Text));
    }

    private static FilePrompts Open(
        string file,
        int iterations,
        out PromptsFound found,
        int heldOut = 0,
        IReadOnlyList<PromptRequest>? wanted = null
    )
    {
        FilePrompts prompts = new(new PromptSettings { Files = [file], HeldOut = heldOut }, 7, () => [], () => { });
        found = prompts.Open(
            wanted
                ??
                [
                    new PromptRequest(PromptSplit.Sft, 10),
                    new PromptRequest(PromptSplit.Refiner, 8),
                    .. Enumerable.Range(1, iterations).Select(i => new PromptRequest(PromptSplit.SelfPlay(i), 6)),
                ],
            default
        )!;
        return prompts;
    }

    private string Lines(IEnumerable<object> rows)
    {
        string path = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllLines(path, rows.Select(row => JsonSerializer.Serialize(row)));
        return path;
    }
}
