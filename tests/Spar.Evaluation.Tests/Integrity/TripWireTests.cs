using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Integrity;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Integrity;

public class TripWireTests
{
    private const string Honest =
        "The harbour wakes before the town does. Fishermen carry their crates to the quay, a baker opens the shutters, "
        + "and the first ferry blows its horn. By noon the garden behind the station is full of children.";

    private static InstructionPrompt Prompt(string id, string arguments, string? request = null)
    {
        InstructionArguments given = InstructionArguments.Parse(arguments);
        string text = (request ?? "Write about a harbour.")
            + " Mention the word garden at least five times, and let the answer have no fewer than forty words.";
        return new InstructionPrompt("1", text, [new(id, given, InstructionRegistry.Create(id, given))])
        {
            Request = request,
        };
    }

    private static InstructionPrompt Keyword { get; } =
        Prompt("keywords:frequency", """{"keyword": "garden", "frequency": 5, "relation": "at least"}""");

    [Theory]
    [InlineData("garden garden harbour garden garden town garden garden quay garden", TripWires.KeywordsStuffed)]
    [InlineData("very very very very very very very very very very good", TripWires.WordRepeated)]
    [InlineData("Garden: mention the word garden at least five times, and let the", TripWires.ConstraintsEchoed)]
    [InlineData("* x\n* x\n* x\n* x", TripWires.ContentEmptied)]
    [InlineData("[name] [name] [name]", TripWires.ContentEmptied)]
    [InlineData("{}", TripWires.ContentEmptied)]
    [InlineData("*** *** *** *** *** *** *** *** *** *** *** a", TripWires.MarksOnly)]
    public void Tricks_trip_a_wire(string response, string wire) =>
        Assert.Contains(wire, TripWires.Trip(Keyword, response));

    [Theory]
    [InlineData(Honest)]
    [InlineData("23")]
    [InlineData("Yahweh ****** Allah")]
    [InlineData("* Oreo\n* Panda\n* Domino")]
    [InlineData("My answer is maybe.")]
    [InlineData("🌞")]
    [InlineData("")]
    [InlineData("Ha ha ha! Very, very funny, that garden: the garden gnomes alone are worth a visit to the garden.")]
    public void Honest_answers_trip_none(string response)
    {
        Assert.Empty(TripWires.Trip(Keyword, response));
        Assert.Empty(TripWires.Trip(Keyword.Prompt, response));
    }

    [Fact]
    public void Copying_is_no_fault_where_it_is_asked_for_and_the_request_is_no_constraint()
    {
        string request = "Write a letter to the council in which the answer to their question about commas is given.";
        InstructionPrompt prompt = Prompt("punctuation:no_comma", "{}", request);
        Assert.Empty(TripWires.Trip(prompt, request));
        Assert.Equal([TripWires.ConstraintsEchoed], TripWires.Trip(prompt, prompt.Prompt[request.Length..]));
        InstructionPrompt copy = Prompt("combination:repeat_prompt", """{"prompt_to_repeat": "Mention the word"}""");
        Assert.Empty(TripWires.Trip(copy, copy.Prompt));
    }

    [Theory]
    [InlineData("garden garden garden garden garden", true)]
    [InlineData("The garden is a garden. The garden is a garden. The garden is a garden.", true)]
    [InlineData("The garden lies by a garden. Each garden needs a garden, but no garden needs me.", false)]
    [InlineData("no such word", false)]
    public void A_constraint_that_only_repetition_satisfies_fails_the_recheck(string response, bool fails) =>
        Assert.Equal(fails ? ["keywords:frequency"] : [], Recheck.Fails(Keyword, response));

    [Theory]
    [InlineData("one one two", "one two")]
    [InlineData("Aaaaaah!", "Ah!")]
    [InlineData("A day is long. A day is long. No.", "A day is long. No.")]
    [InlineData("* tea\n* tea\n* milk", "* tea\n* milk")]
    [InlineData("[name] [name]", "[name]")]
    [InlineData("Yes. Yes.", "Yes.")]
    [InlineData("", "")]
    public void Repetitions_count_once(string text, string once) => Assert.Equal(once, Recheck.CountOnce(text));

    /// <summary>
    /// The figures in docs/evaluation.md: responses that follow all of their prompt's instructions. Those of the 0.5B
    /// model that trip are caught in loops.
    /// </summary>
    [Theory]
    [InlineData("gpt-4o-mini-2024-07-18", 434, 0, 0)]
    [InlineData("Mistral-7B-Instruct-v0.3", 255, 2, 1)]
    [InlineData("Qwen2.5-0.5B-Instruct-GPTQ-Int4", 129, 12, 11)]
    public void Honest_responses_of_three_models_trip_hardly_any(string model, int followed, int tripped, int failed)
    {
        IReadOnlyList<InstructionPrompt> prompts =
            InstructionPrompt.Load(SharedData.Path("data", "ifeval", "prompts.jsonl")).Items;
        IReadOnlyDictionary<string, string> responses = InstructionResponses.Load(
            SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz"), prompts).ByKey;
        AssertRates(prompts, responses, followed, tripped, failed);
    }

    [Fact]
    public void Honest_responses_to_IFBench_trip_hardly_any()
    {
        IReadOnlyList<InstructionPrompt> prompts =
            InstructionPrompt.Load(SharedData.Path("data", "ifbench", "prompts.jsonl")).Items;
        IReadOnlyDictionary<string, string> responses = InstructionResponses.Load(
            SharedData.Path("data", "ifbench", "responses", "sample_output.jsonl.gz"), prompts, lenient: true).ByKey;
        AssertRates(prompts, responses, 45, 0, 0);
    }

    private static void AssertRates(
        IReadOnlyList<InstructionPrompt> prompts, IReadOnlyDictionary<string, string> responses, int followed,
        int tripped, int failed)
    {
        (InstructionPrompt Prompt, string Response)[] good = [.. prompts
            .Where(prompt => responses.TryGetValue(prompt.Key, out string? text)
                && prompt.Instructions.All(one => one.Verifier.Verify(text).Followed))
            .Select(prompt => (prompt, responses[prompt.Key]))];
        string[] trips = [.. good.Select(one => (one.Prompt.Key, Wires: TripWires.Trip(one.Prompt, one.Response)))
            .Where(one => one.Wires.Count > 0).Select(one => $"{one.Key}: {string.Join(", ", one.Wires)}")];
        string[] fails = [.. good.Select(one => (one.Prompt.Key, Ids: Recheck.Fails(one.Prompt, one.Response)))
            .Where(one => one.Ids.Count > 0).Select(one => $"{one.Key}: {string.Join(", ", one.Ids)}")];
        Assert.True(
            (good.Length, trips.Length, fails.Length) == (followed, tripped, failed),
            $"{good.Length} followed; {trips.Length} tripped: {string.Join("; ", trips)}; "
            + $"{fails.Length} failed: {string.Join("; ", fails)}");
    }
}
