using System.Text.RegularExpressions;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Mending;
using Spar.Evaluation.Synthesis;

namespace Spar.Evaluation.Tests.Mending;

/// <summary>Edits by rule that make a response follow the constraints of its prompt.</summary>
public sealed partial class ResponseMenderTests
{
    private const string Letter =
        "Dear team,\n\nThe library opens at nine, and you can borrow tools there. It costs nothing for three days. "
        + "Please bring them back clean.\n\nYours,\nAnna";

    private const string List =
        "Here are some ideas:\n\n1. **Sleep well**: Go to bed early.\n2. **Eat well**: Cook at home.\n"
        + "3. **Walk**: Take the stairs.\n4. **Rest**: Sit in the sun.";

    [Theory]
    [InlineData("punctuation:no_comma", "{}", Letter, "Dear team\n\nThe library opens at nine and you can")]
    [InlineData("startend:quotation", "{}", Letter, "\"Dear team,\n\nThe library")]
    [InlineData("startend:end_checker", """{"end_phrase": "So be it"}""", Letter, "Anna\n\nSo be it")]
    [InlineData("change_case:english_lowercase", "{}", Letter, "dear team,\n\nthe library")]
    [InlineData("change_case:english_capital", "{}", Letter, "DEAR TEAM,\n\nTHE LIBRARY")]
    [InlineData("detectable_format:title", "{}", Letter, "<<To the whole family>>\n\nDear team")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets": 3}""", List,
        "Here are some ideas:\n\n* Sleep well: Go to bed early.\n* Eat well: Cook at home.\n* Walk: Take the stairs.")]
    [InlineData("keywords:existence", """{"keywords": ["library", "comet", "harbor"]}""", Letter, "comet and harbor")]
    [InlineData("keywords:forbidden_words", """{"forbidden_words": ["tools"]}""", Letter,
        "Dear team,\n\nIt costs nothing for three days.")]
    [InlineData("length_constraints:number_sentences", """{"num_sentences": 3, "relation": "less than"}""", Letter,
        "there. It costs")]
    [InlineData("length_constraints:number_paragraphs", """{"num_paragraphs": 2}""", Letter, "\n\n***\n\n")]
    [InlineData("combination:repeat_prompt", """{"prompt_to_repeat": "Say it."}""", Letter, "Say it.\n\nDear team")]
    [InlineData("detectable_content:postscript", """{"postscript_marker": "P.S."}""", Letter, "Anna\n\nP.S. ")]
    [InlineData("detectable_format:json_format", "{}", Letter, "{\n  \"answer\": [\n    \"Dear team,\"")]
    [InlineData("detectable_format:multiple_sections", """{"section_spliter": "Part", "num_sections": 3}""", Letter,
        "Part 1\nDear team,\n\nPart 2\nThe library")]
    public void What_is_wrong_is_changed_and_the_rest_stays(string id, string arguments, string response, string expected)
    {
        InstructionPrompt prompt = Prompt("Write to the whole family", (id, arguments));
        Assert.False(prompt.Instructions[0].Verifier.Verify(response).Followed);
        string mended = ResponseMender.Mend(prompt, response, 1)!;
        Assert.True(prompt.Instructions[0].Verifier.Verify(mended).Followed, mended);
        Assert.Contains(expected, mended, StringComparison.Ordinal);
        Assert.Equal(mended, ResponseMender.Mend(prompt, mended, 2));
    }

    [Theory]
    [InlineData("language:response_language", """{"language": "de"}""")]
    [InlineData("length_constraints:number_words", """{"num_words": 400, "relation": "at least"}""")]
    [InlineData("first_word:first_word_answer", """{"first_word": "hello"}""")]
    public void What_no_edit_mends_is_not_mended(string id, string arguments) =>
        Assert.Null(ResponseMender.Mend(Prompt("Write", (id, arguments)), Letter, 1));

    // Whatever the constraints and the response: what comes out follows all of them, or nothing comes out.
    [Fact]
    public void A_mended_response_follows_every_constraint_of_its_prompt()
    {
        string[] ids = [.. InstructionRegistry.Ids.Where(ResponseMender.Knows)];
        Assert.Equal(24, ids.Length);
        SynthesisOptions options = new() { Count = 300, Include = ids, LeastConstraints = 1, MostConstraints = 3, Seed = 3 };
        InstructionPrompt[] made =
        [
            .. new PromptSynthesizer(options, [], new NearPrompts()).Run().Prompts.Select(one => Prompt(
                one.Prompt, [.. one.Constraints.Select(each => (each.Id, each.Arguments.ToJsonString()))])),
        ];
        string[] responses = [Letter, List, "Yes.", "", "###\n\n* * *\n\"\"", new string('a', 300), "你好，世界。"];
        int mended = 0;
        foreach (InstructionPrompt prompt in made)
        {
            foreach (string response in responses)
            {
                if (ResponseMender.Mend(prompt, response, 5) is { } text)
                {
                    mended++;
                    Assert.All(prompt.Instructions, one => Assert.True(one.Verifier.Verify(text).Followed, one.Id));
                }
            }
        }

        // Both whole responses nearly always, of the scraps some.
        Assert.InRange(mended, made.Length * 2, made.Length * responses.Length);
    }

    [Theory]
    [InlineData("One thing is certain. Two of them are not. And the third was never", true,
        "One thing is certain. Two of them are not.")]
    [InlineData("The bus leaves at ten from here. The bus leaves at ten from here. Then it rains.", false,
        "The bus leaves at ten from here.")]
    [InlineData(
        "Some ideas for you:\n\n1. Go to bed early.\n2. Cook at home on Mondays.\n3. Cook at home on Mondays.\n4.", true,
        "Some ideas for you:\n\n1. Go to bed early.\n2. Cook at home on Mondays.")]
    [InlineData("**Part one**\nIt is a start.\n\n**Part two**\nIt goes on and", true, "**Part one**\nIt is a start.")]
    [InlineData("Some of them:\n\n* A fish shop\n* Cakes.\n* Tea.\n* Tea.\n* Tea.\n* Tea.\n* Tea and", true,
        "Some of them:\n\n* A fish shop\n* Cakes.\n* Tea.\n* Tea.")]
    [InlineData("A poem has no full stops\nand may end in the middle", false,
        "A poem has no full stops\nand may end in the middle")]
    [InlineData("It ends here; that was planned.", true, "It ends here; that was planned.")]
    [InlineData("not a single end in a very long text that was", true, null)]
    [InlineData("", true, null)]
    public void A_response_ends_before_it_repeats_itself_and_with_a_whole_sentence(
        string response, bool cutOff, string? expected) => Assert.Equal(expected, ResponseMender.End(response, cutOff));

    [Fact]
    public void A_sentence_that_goes_round_in_circles_is_left_out()
    {
        string circles = string.Concat(Enumerable.Repeat("so good that it is ", 20));
        Assert.Equal("It begins well.", ResponseMender.End($"It begins well. It is {circles}over.", false));
        Assert.Null(ResponseMender.End(circles, true));
    }

    [Theory]
    [InlineData("""{ "answer": ["We bake bread.", "We bake bread.", "We bake bread.", "We bake bread.", "We""", true,
        "We bake bread.")]
    [InlineData("""{ "answer": ["Jam", "Bread, too", "It is so good that it is good. It is so""", true,
        "Jam\n\nBread, too\n\nIt is so good that it is good.")]
    [InlineData("""{ "answer": ["Jam", "Bread"] }""", false, """{ "answer": ["Jam", "Bread"] }""")]
    [InlineData("""{ "answer": ["*", "*", "*", "*""", true, null)]
    public void Json_that_does_not_end_is_what_it_says_before_it_repeats_itself(
        string response, bool cutOff, string? expected) => Assert.Equal(expected, ResponseMender.End(response, cutOff));

    [Theory]
    [InlineData("""{ "answer": [ "Jam, red" "Bread" ] }""", """{ "answer": [ "Jam, red", "Bread" ] }""")]
    [InlineData("""{ "answer": [ "Jam" "Bread" ] }""", """{ "answer": "Jam Bread" }""")]
    [InlineData("""{ "answer": "{ \"answer\": \"Jam.\" ", "more": "Say \"hi\", now" """,
        """{ "answer": [ "Jam.", "Say \"hi\", now" ] }""")]
    [InlineData("""{ "answer": [ "*" "*" ] }""", null)]
    public void Broken_json_becomes_json_of_what_it_says(string response, string? expected)
    {
        string? mended = ResponseMender.Mend(Prompt("Write", ("detectable_format:json_format", "{}")), response, 1);
        Assert.Equal(expected, mended is null ? null : Spaces().Replace(mended, " "));
    }

    [Fact]
    public void Json_without_commas_is_one_string()
    {
        string mended = ResponseMender.Mend(
            Prompt("Write", ("detectable_format:json_format", "{}"), ("punctuation:no_comma", "{}")), Letter, 1)!;
        Assert.StartsWith("{\n  \"answer\": \"Dear team The library", mended, StringComparison.Ordinal);
        Assert.DoesNotContain('\\', mended);
    }

    // What is left is a beginning of what was said, and an end that was found is found again.
    [Fact]
    public void Whatever_the_response_its_end_is_its_own()
    {
        string[] responses = [Letter, List, "Yes.", "###\n\n* * *\n\"\"", new string('a', 300), "你好，世界。"];
        foreach (string response in responses)
        {
            Assert.Equal(response, ResponseMender.End(response, false));
            for (int length = 0; length < response.Length; length++)
            {
                if (ResponseMender.End(response[..length], true) is { } ended)
                {
                    Assert.StartsWith(ended, response, StringComparison.Ordinal);
                    Assert.Equal(ended, ResponseMender.End(ended, true));
                }
            }
        }
    }

    private static InstructionPrompt Prompt(string text, params (string Id, string Arguments)[] constraints) =>
        new("1", text, [.. constraints.Select(one =>
        {
            InstructionArguments arguments = InstructionArguments.Parse(one.Arguments);
            return new Instruction(one.Id, arguments, InstructionRegistry.Create(one.Id, arguments));
        })]);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
