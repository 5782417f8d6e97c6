using FsCheck;
using FsCheck.Fluent;
using Spar.Calls;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Tests.Templates;

public sealed class JudgementParserTests
{
    private static readonly JudgementParser s_parser = new(new OutputFormat("final judgement:", "<r>", "</r>"));

    // Spellings of one verdict; {0} is the verdict's word.
    private static readonly string[] s_spellings =
    [
        "Final judgement: {0}", "final judgment: {0}.", "**Final Judgement:** {0}", "**Final judgement: {0}**",
        "**Final Judgement**: **{0}**!",
        "### FINAL JUDGEMENT : \"{0}\"", "# Final judgement\n{0}", "## Final Judgement\n\n**{0}**",
        "Final judgement:\n- {0}", "Final judgement：{0}",
        "Final judgement - {0}", "Final judgement — {0}", "Final judgement – {0}.", "Final judgement = {0}",
        "Final judgement -> {0}",
        "Final judgement → {0}", "Final judgement: [{0}]", "Final judgement ({0})", "Final judgement: \\boxed{{{0}}}",
        "Final judgement: $\\boxed{{\\text{{{0}}}}}$", "<b>Final judgement:</b> {0}",
        "Final judgement: <strong>{0}</strong><br>",
        "Final judgement (yes/no): {0}", "Final judgement [yes or no]: **{0}**", "4. Final judgement: {0}",
        "- Final judgement: {0}", "* Final judgement: _{0}_",
        "| Final judgement | {0} |", "My final judgement is: {0}", "Therefore, the final judgement is {0}.",
        "`Final judgement: {0}`",
        "{{\"final judgement\": \"{0}\"}}", "Final judgement: {0}, because one thing decides it",
        "Final judgement: {0} (all points were checked)",
        "Final judgement: {0}. The second point decides.", "Final_judgement: {0}", "  Final   judgement :   {0}  ",
        "Final judgement: '{0}'",
        "All points were checked. Final judgement: {0}", "\u200BFinal judgement:\u00A0{0}",
    ];

    // Lines that stand around verdicts and are none.
    private static readonly string[] s_others =
    [
        "The response says yes to everything.", "no", "yes", "> Final judgement: yes", "> Final judgement: no",
        "\"Final judgement: no\"",
        "“Final judgement: yes”", "It ends with Final judgement: yes", "The line \"Final judgement: no\" is quoted.",
        "1. Words: 5, wanted 5. yes", "", "---",
        "```\nFinal judgement: yes\n```", "```\nFinal judgement: no\n```", "Judgement: none", "Der Text ist gut. 完了。",
        "✅ length", "❌ tone",
    ];

    public static TheoryData<string> Spellings => [.. s_spellings];

    [Theory]
    [MemberData(nameof(Spellings))]
    public void A_verdict_is_read_in_every_spelling(string spelling)
    {
        foreach ((string word, bool verdict) in new[] { ("yes", true), ("no", false), ("Yes", true), ("NO", false) })
        {
            Judgement judgement = s_parser.Parse(string.Format(null, spelling, word));
            Assert.Null(judgement.Unparsed);
            Assert.Equal(verdict, judgement.Verdict);
        }
    }

    [Theory]
    [InlineData("fine.\nFinal judgement: ✅ yes", true)]
    [InlineData("Final judgement: ❌", false)]
    [InlineData("Final judgement: ✔️", true)]
    [InlineData("**Final judgement**: yes, all of it", true)]
    [InlineData("Final judgement: No, because the answer says yes where it must not.", false)]
    [InlineData("Final judgement: yes\nbut then\nFinal judgement: no", false)]
    [InlineData("Final judgement: no\n\nNote: the response itself ends with \"Final judgement: yes\".", false)]
    [InlineData("Final judgement: no\n> Final judgement: yes", false)]
    [InlineData("Final judgement: no\n\"Final judgement: yes\"", false)]
    [InlineData("Final judgement: yes\nor\nFinal judgement: no\n\nFinal judgement: yes", true)]
    [InlineData("<think>\nMaybe Final judgement: yes.\n</think>\nToo long.\n\nFinal judgement: no", false)]
    [InlineData("It is short.\n</think>\n\nFinal judgement: yes", true)]
    public void The_last_verdict_line_counts(string output, bool verdict)
    {
        Judgement judgement = s_parser.Parse("  " + output + "\n");
        Assert.Null(judgement.Unparsed);
        Assert.Equal(verdict, judgement.Verdict);
    }

    [Theory]
    [InlineData("  \n", JudgementParser.Empty)]
    [InlineData("yes", JudgementParser.NoMark)]
    [InlineData("the judgement: yes", JudgementParser.NoMark)]
    [InlineData("The response ends in Final judgement: yes", JudgementParser.NoMark)]
    [InlineData("> Final judgement: yes", JudgementParser.Quoted)]
    [InlineData("\"Final judgement: yes\"", JudgementParser.Quoted)]
    [InlineData("```\nFinal judgement: yes\n```\nThat is what it says.", JudgementParser.Quoted)]
    [InlineData("Final judgement: yes\nor\nFinal judgement: no", JudgementParser.Echo)]
    [InlineData("Final judgement: the answer", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yesterday", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: no-one asked", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: no requirement is missed", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yes\nFinal judgement:", JudgementParser.NoVerdict)]
    [InlineData("Final judgement:\nEverything is there.", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yes or no", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: yes|no", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: <yes/no>", JudgementParser.BothVerdicts)]
    [InlineData("Part one is right, part two is not.\nFinal judgement: Yes and No", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: yes, no", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: yes (length), no (tone)", JudgementParser.BothVerdicts)]
    [InlineData(
        "Final judgement: yes if every requirement is met and no if at least one is not", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: no. Yes.", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: ❌ yes", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: perhaps", JudgementParser.Hedged)]
    [InlineData("Final judgement: probably yes", JudgementParser.Hedged)]
    [InlineData("Final judgement: mostly yes", JudgementParser.Hedged)]
    [InlineData("Final judgement: yes, but the tone is off", JudgementParser.Hedged)]
    [InlineData("Final judgement: yes, mostly", JudgementParser.Hedged)]
    [InlineData("Final judgement: yes?", JudgementParser.Hedged)]
    [InlineData(
        "<think>\nI lean to Final judgement: yes.\n</think>\n\nThe word limit is broken.", JudgementParser.NoMark)]
    [InlineData("<think>\nSo far it looks fine.\nFinal judgement: yes", JudgementParser.UnfinishedThought)]
    public void What_cannot_be_read_says_why(string output, string reason)
    {
        Judgement judgement = s_parser.Parse(output);
        Assert.Null(judgement.Verdict);
        Assert.Equal(reason, judgement.Unparsed);
    }

    [Fact]
    public void An_output_that_was_cut_off_has_no_verdict() =>
        Assert.Equal(JudgementParser.CutOff, s_parser.Parse("It quotes:\nFinal judgement: yes", cutOff: true).Unparsed);

    [Fact]
    public void Any_spelling_in_any_surrounding_text_is_the_verdict() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int, bool, int[], int[])>(),
        input =>
        {
            (int pick, bool verdict, int[] before, int[] after) = input;
            string spelling = string.Format(null, s_spellings[Index(pick, s_spellings)], verdict ? "Yes" : "no");

            // Behind a sentence the mark counts on the last line only.
            IEnumerable<string> behind = spelling.StartsWith("All points", StringComparison.Ordinal)
                ? [] : Lines(after);
            Judgement judgement = s_parser.Parse(string.Join('\n', [.. Lines(before), spelling, .. behind]));
            return judgement.Verdict == verdict;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_either_a_verdict_or_says_why_not() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        string output = (text ?? "").Replace("a", "\nFinal judgement: ", StringComparison.Ordinal)
            .Replace("b", " yes ", StringComparison.Ordinal);
        Judgement judgement = s_parser.Parse(output);
        return judgement.Verdict is null == judgement.Unparsed is not null;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("fine\nFinal judgement: Yes", 22, "Yes", "No")]
    [InlineData("🙂🙂\n**Final judgement:** NO", 26, "YES", "NO")]
    [InlineData("<think>\nyes\n</think>\nFinal judgement: no", 38, "yes", "no")]
    public void The_verdicts_place_is_told_in_the_whole_output(string output, int start, string yes, string no)
    {
        Alternatives place = Assert.IsType<Alternatives>(s_parser.VerdictWords(output));
        Assert.Equal(start, place.Start);
        Assert.Equal([yes, no], place.Words);
    }

    [Fact]
    public void The_words_for_yes_and_no_are_the_formats()
    {
        JudgementParser german = new(new OutputFormat("urteil:", "<r>", "</r>") { Yes = ["ja"], No = ["nein"] });
        Assert.True(german.Parse("Gut.\n**Urteil: Ja**").Verdict);
        Assert.False(german.Parse("Urteil：nein").Verdict);
        Assert.Equal(JudgementParser.BothVerdicts, german.Parse("Urteil: ja, nein").Unparsed);
        Assert.Null(german.Parse("Urteil: yes").Verdict);
    }

    private static int Index(int pick, string[] items) => (int)((uint)pick % (uint)items.Length);

    private static IEnumerable<string> Lines(int[]? picks) =>
        (picks ?? []).Select(pick => s_others[Index(pick, s_others)]);
}
