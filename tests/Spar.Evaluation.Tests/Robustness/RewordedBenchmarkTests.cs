using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Results;
using Spar.Evaluation.Robustness;
using Spar.Evaluation.Synthesis;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Robustness;

public class RewordedBenchmarkTests
{
    private static Instruction Make(string id, string arguments)
    {
        InstructionArguments values = InstructionArguments.Parse(arguments);
        return new Instruction(id, values, InstructionRegistry.Create(id, values));
    }

    private static InstructionPrompt Prompt(string key, string? request = null) => new(
        key,
        "Greet me. No commas. 3 words or more.",
    [
        Make("punctuation:no_comma", "{}"),
        Make("length_constraints:number_words", """{"num_words": 3, "relation": "at least"}"""),
    ])
    {
        Request = request,
    };

    private static Answer Say(string text) => new(text);

    [Fact]
    public async Task Reliable_is_the_share_of_prompts_of_which_all_rewordings_are_followed()
    {
        RewordedBenchmark benchmark = new("ifeval", [Prompt("1"), Prompt("2"), Prompt("3"), Prompt("4")], 3);
        Assert.Equal(12, benchmark.Requests.Count);
        Assert.Equal(12, benchmark.Requests.Select(request => request.Id).Distinct().Count());
        Dictionary<string, Answer> answers =
            benchmark.Requests.ToDictionary(request => request.Id, _ => Say("Hello my friend"));
        answers["2#3"] = Say("Hello, my friend");
        answers["3#1"] = Say("Sure, here:\nHello my friend");
        EvaluationScore score = await benchmark.ScoreAsync(
            answers, new Dictionary<string, Answer>(), TestContext.Current.CancellationToken);
        double Value(string name) => score.Metrics.Single(metric => metric.Name == name).Value;
        Assert.Equal(0.5, Value("reliable@3_strict"));
        Assert.Equal(0.75, Value("reliable@3_loose"));
        Assert.Equal(10.0 / 12, Value("prompt_level_strict_acc"), 1e-12);
        Assert.Equal(12, score.Samples.Count);
    }

    [Fact]
    public void A_known_request_is_kept_and_all_else_put_anew()
    {
        InstructionPrompt prompt = Prompt("1", "Greet me.");
        string[] texts = [.. Enumerable.Range(1, 8).Select(i => PromptRewording.Reword(prompt, i).Prompt)];
        Assert.All(texts, text => Assert.StartsWith("Greet me.", text, StringComparison.Ordinal));
        Assert.All(texts, text => Assert.DoesNotContain("3 words or more", text));
        Assert.True(texts.Distinct().Count() >= 6);
        Assert.Equal(texts[4], PromptRewording.Reword(prompt, 5).Prompt);
    }

    [Theory]
    [InlineData("ifeval")]
    [InlineData("ifbench")]
    public void Every_prompt_of_a_benchmark_stays_as_it_is_and_is_followed_by_all_its_constraints(string benchmark)
    {
        string file = SharedData.Path("data", benchmark, "prompts.jsonl");
        foreach (InstructionPrompt prompt in InstructionPrompt.Load(file).Items)
        {
            string[] texts = [PromptRewording.Reword(prompt, 1).Prompt, PromptRewording.Reword(prompt, 2).Prompt];
            foreach (string text in texts)
            {
                Assert.StartsWith(prompt.Prompt + "\n\n", text, StringComparison.Ordinal);
                string added = text[prompt.Prompt.Length..];
                Assert.True(added.Split("\n- ").Length > prompt.Instructions.Count, added);
            }
        }
    }
}
