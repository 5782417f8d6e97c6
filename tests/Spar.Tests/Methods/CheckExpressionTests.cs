using Spar.Methods.Checks;

namespace Spar.Tests.Methods;

public sealed class CheckExpressionTests
{
    private const string Story = "The crab sleeps. Near the reef, a well-known gull waits!\n\n- one\n- two";

    private static bool Holds(string source, string response)
    {
        (CheckExpression? check, string? fault) = CheckExpression.Parse(source);
        Assert.Null(fault);
        return check!.Holds(response);
    }

    [Theory]
    [InlineData("words() == 12", true)]
    [InlineData("words() != 12", false)]
    [InlineData("sentences() == 3", true)]
    [InlineData("lines() == 3", true)]
    [InlineData("paragraphs() == 2", true)]
    [InlineData("bullets() == 2", true)]
    [InlineData("characters() < 69", false)]
    [InlineData("characters() <= 69", true)]
    [InlineData("count(\"the\") == 2", true)]
    [InlineData("count(\"the reef\") == 1", true)]
    [InlineData("contains(\"shark\", \"GULL\")", true)]
    [InlineData("contains(\"ree\")", false)]
    [InlineData("contains(\"well-known\")", true)]
    [InlineData("first_word(\"the\") and last_word(\"two\")", true)]
    [InlineData("starts_with(\"The \") and not ends_with(\"!\")", true)]
    [InlineData("lower_case() or upper_case()", false)]
    [InlineData("not not contains(\"crab\")", true)]
    [InlineData("contains(\"crab\") or contains(\"x\") and contains(\"y\")", true)]
    [InlineData("(contains(\"crab\") or contains(\"x\")) and contains(\"y\")", false)]
    public void Functions_look_at_the_text(string source, bool holds) => Assert.Equal(holds, Holds(source, Story));

    [Theory]
    [InlineData("json()", "{\"a\": [1]}", true)]
    [InlineData("json()", "```json\n{\"a\": 1}\n```", true)]
    [InlineData("json()", "{a}", false)]
    [InlineData("placeholders() >= 2", "Dear [name], your [item]", true)]
    [InlineData("capital_words() == 1", "I saw NASA", true)]
    [InlineData("contains(\"say \\\"hi\\\"\")", "say hi", true)]
    [InlineData("words() == 0 and sentences() == 0 and not first_word(\"a\")", "", true)]
    public void Special_cases(string source, string response, bool holds) =>
        Assert.Equal(holds, Holds(source, response));

    [Theory]
    [InlineData("", "is missing")]
    [InlineData("words()", "a comparison")]
    [InlineData("words() == many", "a number")]
    [InlineData("words(\"a\") == 1", "like words() == 5")]
    [InlineData("count() == 1", "like count(")]
    [InlineData("contains()", "like contains(")]
    [InlineData("json(\"a\")", "like json()")]
    [InlineData("delete_all()", "unknown function delete_all")]
    [InlineData("contains(\"a\") contains(\"b\")", "'contains' where the end")]
    [InlineData("contains(\"a\"", "missing at the end")]
    [InlineData("contains('a')", "unexpected character")]
    [InlineData("words() == 99999999999", "where the end is expected")]
    public void What_is_wrong_is_said(string source, string part)
    {
        (CheckExpression? check, string? fault) = CheckExpression.Parse(source);
        Assert.Null(check);
        Assert.Contains(part, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Neither_length_nor_nesting_can_harm()
    {
        Assert.Contains("nested", CheckExpression.Parse(new string('(', 1000)).Fault, StringComparison.Ordinal);
        Assert.Contains(
            "nested", CheckExpression.Parse(string.Concat(Enumerable.Repeat("not ", 400)) + "json()").Fault,
            StringComparison.Ordinal);
        Assert.Contains(
            "longer", CheckExpression.Parse(new string(' ', 5000) + "json()").Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sheet_is_read_line_by_line()
    {
        CheckSheet sheet = CheckSheet.Parse("""
            Here it is:
            check: words() == 2
            Check: fly()
            case yes: two\nwords
            CASE NO: one
            case no:
            """);
        Assert.Equal("words() == 2", Assert.Single(sheet.Checks).ToString());
        Assert.Equal([new CheckCase("two\nwords", true), new CheckCase("one", false)], sheet.Cases);
        Assert.Equal("unknown function fly", Assert.Single(sheet.Unparsed));
    }

    [Fact]
    public void Checks_and_cases_vouch_for_each_other()
    {
        CheckExpression[] checks = [Check("words() == 2"), Check("words() <= 2"), Check("words() == 3")];
        CheckCase[] cases = [
            new("a b", true), new("c d", true), new("a b c", false), new("a b c d", false), new("e f", false)];
        (IReadOnlyList<CheckExpression> kept, IReadOnlyList<CheckCase> trusted) = CrossCheck.Keep(checks, cases);
        Assert.Equal(cases[..4], trusted);
        Assert.Equal(checks[..2], kept);

        // Cases of one kind alone prove nothing.
        Assert.Empty(CrossCheck.Keep(checks, cases[..2]).Checks);
        Assert.Empty(CrossCheck.Keep([], cases).Checks);
    }

    private static CheckExpression Check(string source) => CheckExpression.Parse(source).Check!;
}
