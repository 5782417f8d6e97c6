using System.Diagnostics;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Fuzzing;

/// <summary>No check fails or hangs on any response. The full run is <c>Spar.Bench fuzz-checks</c>.</summary>
public class FuzzTests
{
    private const int FloodLength = 100_000;

    [Fact]
    public void Every_check_has_a_verdict_on_strange_responses()
    {
        ResponseFuzzer fuzzer = new(seed: 1);
        Random random = new(1);
        Dictionary<string, List<Instruction>> instructions = InstructionSamples.Load(SharedData.Path("data"));
        Assert.All(instructions, pair => Assert.NotEmpty(pair.Value));
        string[] responses = ["", " ", "\n\n", "\0", "\uD83D", .. Enumerable.Range(0, 150).Select(_ => fuzzer.Next())];
        foreach (string response in responses)
        {
            Instruction[] one = [.. instructions.Values.Select(some => some[random.Next(some.Count)])];
            InstructionSample sample = InstructionScorer.Score(new InstructionPrompt("", "", one), response);
            Assert.All(sample.Strict.Zip(sample.Loose), both => Assert.True(both.Second || !both.First));
            Assert.All(sample.Explanations, why => Assert.False(string.IsNullOrWhiteSpace(why)));
        }
    }

    [Theory]
    [InlineData("detectable_content:postscript", """{"postscript_marker": "Note:"}""")]
    [InlineData("sentence:keyword", """{"word": "c++", "N": 1}""")]
    [InlineData("words:words_position", """{"keyword": "x"}""")]
    public void Long_runs_of_white_space_and_marks_take_time_in_proportion(string id, string arguments)
    {
        InstructionVerifier verifier = InstructionRegistry.Create(id, InstructionArguments.Parse(arguments));
        foreach (string run in new[] { " ", "\n ", ")", ") ", "'", ". ", "c+" })
        {
            string response = "etc." + string.Concat(Enumerable.Repeat(run, FloodLength)) + "b";
            long start = Stopwatch.GetTimestamp();
            verifier.Verify(response);
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
        }
    }

    /// <summary>
    /// A linear check takes milliseconds, one that grows with the square of the length half a minute or more.
    /// </summary>
    [Fact]
    public void Every_check_takes_time_in_proportion_to_the_response()
    {
        ResponseFuzzer fuzzer = new(seed: 2);
        Random random = new(2);
        Dictionary<string, List<Instruction>> instructions = InstructionSamples.Load(SharedData.Path("data"));
        for (int i = 0; i < 6; i++)
        {
            string response = fuzzer.Flood(random.Next(ResponseFuzzer.FloodCount), FloodLength);
            foreach ((string id, List<Instruction> some) in instructions)
            {
                long start = Stopwatch.GetTimestamp();
                some[random.Next(some.Count)].Verifier.Verify(response);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                Assert.True(seconds < 5, $"{id} took {seconds:0.0} s on {JsonSerializer.Serialize(response[..12])}...");
            }
        }
    }
}
