using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

public class RunReportTests
{
    [Fact]
    public async Task Table_of_stages_holds_every_score()
    {
        ReportModel model = SampleReports.Full();
        string text = Html.Section(await RunReport.RenderAsync(model), "stages");
        foreach (EvaluationRow row in model.Results.Rows)
        {
            string[] scores = [.. new[]
                { row.HeldOutPrompt, row.HeldOutInstruction, row.HeldOutPromptSearch, row.JudgeAccuracy,
                    row.Detail(EvaluationRow.JudgeAccuracyOwn), row.RefineSuccess }
                .Select(score => score is { } share ? Percent(share) : "–")];
            string name = row.Name == RowName.Sft ? "SFT" : row.Name.ToString().Replace('-', ' ');
            Assert.Contains($"{name} {string.Join(' ', scores)} {row.HeldOutCount}", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true, "what was measured are its yardsticks")]
    [InlineData(false, "No stage has been measured yet")]
    public async Task A_run_that_is_measured_by_yardsticks_alone_has_no_table_of_dashes(bool measured, string says)
    {
        ReportModel model = SampleReports.Full();
        YardstickResult yardstick = new("held_out", 150, [], new Dictionary<string, int>());
        EvaluationRow[] rows = [.. model.Results.Rows
            .Select(row => new EvaluationRow(row.Name) { Yardsticks = measured ? [yardstick] : null })];
        string text = Html.Section(
            await RunReport.RenderAsync(model with { Results = model.Results with { Rows = rows } }), "stages");
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.DoesNotContain("–", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_found_in_files_of_prompts_is_shown_where_some_were_read()
    {
        ReportModel model = SampleReports.Full();
        Assert.DoesNotContain("id=\"prompts\"", await RunReport.RenderAsync(model), StringComparison.Ordinal);
        PromptsFound found = new(
            [new PromptFile("/home/someone/mine.jsonl", 4012)],
            new Dictionary<string, long> { ["near-duplicates"] = 7, ["kept out"] = 1 },
            [new KeptOutPrompt("row-9", "mine.jsonl, line 9", "ifeval, 1005 <b>", "the same text")],
            [new FoundSplit("held-out", 200, 200, "00"), new FoundSplit("self-play 1", 900, 811, "11")]);
        string text = Html.Section(
            await RunReport.RenderAsync(model with { Results = model.Results with { Prompts = found } }), "prompts");
        foreach (string words in new[]
            {
                "mine.jsonl 4,012", "left out: near-duplicates 7", "taken for held-out 200", "taken for self-play 1 811 of 900",
                "mine.jsonl, line 9 (id row-9), near ifeval, 1005 <b>: the same text",
            })
        {
            Assert.Contains(words, text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("/home/someone", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headline_tells_what_rose_and_what_search_adds()
    {
        string text = Html.Text(await RunReport.RenderAsync(SampleReports.Full()));
        Assert.Contains(
            "From SFT to iteration 3 the share of held-out prompts fully satisfied (greedy) rose from 53.8 % to 70.2 " +
            "%: +16.4 points.", text, StringComparison.Ordinal);
        Assert.Contains(
            "+8.1 points what tree search at inference adds iteration 3 greedy 70.2 % → with search 78.3 %", text,
            StringComparison.Ordinal);
        Assert.Contains(
            "base model models/nano seed 7 time 4 min 12 s model calls 61,204 generated tokens 2,345,678", text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headline_says_it_when_the_score_fell()
    {
        ReportModel model = SampleReports.Full();
        model =
            model with
            {
                Results = model.Results with
                {
                    Rows = [
                model.Results.Rows[4] with { Name = RowName.Sft }, model.Results.Rows[2]]
                }
            };
        string html = await RunReport.RenderAsync(model);
        Assert.Contains("fell from 70.2 % to 60.2 %: −10.0 points.", Html.Text(html), StringComparison.Ordinal);
        Assert.Contains("card fell", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_judge_is_shown_against_verifiers()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        string text = Html.Section(html, "judge");
        Assert.Contains(
            "2 2,000 91.5 % 90.2 % 92.4 % 8.5 % 89.3 % 0.113 72.5 % 62.0 % 14.4 %", text, StringComparison.Ordinal);
        Assert.Contains("What a value is worth", text, StringComparison.Ordinal);
        Assert.Contains("iteration 3, 0.9–1.0: 78.0", text, StringComparison.Ordinal);
        Assert.Contains("verified, 2: 62.0", text, StringComparison.Ordinal);
        Assert.Contains(
            "Iteration 3: the judge drifted from the verifiers. It holds 69.3 % of the searches successful, they " +
            "52.6 %; pairs with a disputed chosen response were dropped.",
            Html.Section(html, "warnings"), StringComparison.Ordinal);
        Assert.Contains(
            "Nothing was verified yet.", Html.Section(await RunReport.RenderAsync(SampleReports.Started()), "judge"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rewarded_tricks_are_shown_and_warned_of()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        Assert.Contains(
            "2 2,000 310 1,505 287 19.1 % 208 61 content emptied 90, keywords stuffed 201",
            Html.Section(html, "integrity"), StringComparison.Ordinal);
        Assert.Contains(
            "Iteration 2: reward hacking. 19.1 % of the rewarded responses satisfy checks by tricks (content emptied 90, "
            + "keywords stuffed 201); pairs that choose such a response were dropped.",
            Html.Section(html, "warnings"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "id=\"integrity\"", await RunReport.RenderAsync(SampleReports.Started()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Self_play_holds_every_count()
    {
        ReportModel model = SampleReports.Full();
        string text = Html.Section(await RunReport.RenderAsync(model), "self-play");
        foreach (IterationReport iteration in model.Iterations)
        {
            VerdictCounts verdicts = iteration.Verdicts;
            SearchCounts searches = iteration.Searches;
            long[] counts =
            [
                iteration.Responses, verdicts.Yes, verdicts.No, verdicts.Tied, verdicts.Undecided,
                searches.Success, searches.Exhausted, searches.OverBudget, searches.Failed,
                iteration.Data!.Pairs.Count, iteration.ModelCalls,
                .. iteration.RefinerRows.Select(row => (long)row.Value),
            ];
            Assert.All(
                counts,
                count => Assert.Contains(
                    $" {count.ToString("N0", CultureInfo.InvariantCulture)} ", text, StringComparison.Ordinal));
            Assert.Contains(Percent((double)verdicts.Yes / 2000), text, StringComparison.Ordinal);
            Assert.Contains(
                Percent(
                    (double)searches.Success / (
                        searches.Success + searches.Exhausted + searches.OverBudget + searches.Failed)), text,
                        StringComparison.Ordinal);
            Assert.Contains(
                searches.MeanTreeSize!.Value.ToString("0.0", CultureInfo.InvariantCulture), text,
                StringComparison.Ordinal);
        }
        Assert.All(model.Iterations[0].RefinerRows, row =>
            Assert.Contains($"refiner rows: {row.Key}", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Training_shows_the_last_value_of_every_curve()
    {
        ReportModel model = SampleReports.Full();
        string text = Html.Section(await RunReport.RenderAsync(model), "training");
        foreach (IterationReport iteration in model.Iterations)
        {
            TrainingStep last = iteration.Actor!.Steps[^1];
            Assert.Contains(
                $" {last.RewardMargin!.Value.ToString("F2", CultureInfo.InvariantCulture)} ", text,
                StringComparison.Ordinal);
            Assert.Contains(
                $" {last.Loss.ToString("F3", CultureInfo.InvariantCulture)} ", text, StringComparison.Ordinal);
            Assert.Contains(
                $" {(100 * last.RewardAccuracy!.Value).ToString("F1", CultureInfo.InvariantCulture)} ", text,
                StringComparison.Ordinal);
            Assert.Contains(
                $" {iteration.Refiner!.Steps[^1].Loss.ToString("F3", CultureInfo.InvariantCulture)} ", text,
                StringComparison.Ordinal);
        }
        Assert.All(model.Start, curve => Assert.Contains(curve.Stage, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Held_out_scores_carry_their_interval()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        // 269 of 500: Wilson 95 % interval 49.4 to 58.1 %.
        Assert.Contains(
            "prompts, greedy, SFT: 53.8 (95 % interval 49.4 to 58.1)", Html.Section(html, "stages"),
            StringComparison.Ordinal);
        Assert.Equal(14, Regex.Count(html, "class=\"error c"));
    }

    [Fact]
    public async Task Pairs_show_what_changed()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        Assert.Contains("a small crab sleeps <del>in the sand.</del>", html, StringComparison.Ordinal);
        Assert.Contains("a small crab sleeps <ins>today !</ins>", html, StringComparison.Ordinal);
        Assert.Contains(
            "the hen runs\nthe <ins>hen</ins> rests near a barn", WebUtility.HtmlDecode(html),
            StringComparison.Ordinal);
        Assert.Contains("iteration 1 · kept 57.1 % of words", Html.Section(html, "pairs"), StringComparison.Ordinal);
        Assert.Contains("words 7 not 6", Html.Section(html, "pairs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tree_shows_every_node_and_opens_the_way_to_the_best()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        string text = Html.Section(html, "search");
        Assert.Contains("node 6 ✓ 0.80", text, StringComparison.Ordinal);
        Assert.Contains("node 5 ✗ 0.20", text, StringComparison.Ordinal);
        Assert.Contains("node 6 · value 0.80 · a probability · refines node 2", text, StringComparison.Ordinal);
        Assert.Equal(3, Regex.Count(html, "<details open"));
        Assert.Equal(9, Regex.Count(html, "<details"));
        Assert.Equal(2, Regex.Count(html, "class=\"edge best\""));
    }

    [Theory]
    [InlineData(0.5, "node 6 ✓ 0.80", "above 0.5")]
    [InlineData(0.85, "node 6 ✗ 0.80", "above 0.85")]
    [InlineData(0.3, "node 4 ✓ 0.40", "above 0.3")]
    public async Task What_passed_is_what_passed_the_runs_own_gate(double gate, string node, string said)
    {
        string html = await RunReport.RenderAsync(SampleReports.Full() with { Gate = new Gate(gate) });
        string text = Html.Section(html, "search");
        Assert.Contains(node, text, StringComparison.Ordinal);
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.Contains(
            $"above the gate, {gate.ToString(CultureInfo.InvariantCulture)}.", Html.Section(html, "self-play"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_name_what_was_dropped()
    {
        string text = Html.Section(await RunReport.RenderAsync(SampleReports.Full()), "warnings");
        Assert.Contains(
            "Iteration 1: 62 responses (3.1 %) dropped because the judge's votes were tied.", text,
            StringComparison.Ordinal);
        Assert.Contains(
            "Iteration 1: 8 outputs (< 0.1 % of 17,711 model calls) that could not be read: unparsed refinement: " +
            "response not delimited.", text, StringComparison.Ordinal);
        Assert.Contains("Iteration 2: 1 search failed", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Iteration 3: 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_are_not_finite_are_left_out_and_named()
    {
        ReportModel model = SampleReports.Full();
        IterationReport broken = model.Iterations[0] with
        {
            Actor = new TrainingCurve(
                "actor-1",
                [new TrainingStep(1, 2, 0.7, 0.1, 9, 0.1, 0.5),
                    new TrainingStep(2, 2, double.NaN, 0.1, 9, double.PositiveInfinity, 0.5)]),
        };
        string html = await RunReport.RenderAsync(model with { Iterations = [broken] });
        Assert.Contains(
            "Iteration 1: 1 training step logged a value that is not a finite number", Html.Section(html, "warnings"),
            StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_mixture_of_known_and_missing_renders()
    {
        Gen<double?> share = Gen.OneOf(
            Gen.Constant<double?>(null), Gen.Choose(0, 1000).Select(value => (double?)(value / 1000.0)));
        Gen<EvaluationRow> row =
            from scores in share.ArrayOf(6)
            from count in Gen.Elements(0, 1, 500)
            from name in Gen.Elements(RowName.Base, RowName.Sft, RowName.Iteration(1), RowName.Iteration(2))
            select new EvaluationRow(
                name, scores[0] ?? 0, scores[1] ?? 0, scores[2], scores[3], scores[5], count,
                scores[4] is { } own ? new Dictionary<string,
                double>
                { [EvaluationRow.JudgeAccuracyOwn] = own } : null);
        Gen<double> value = Gen.OneOf(
            Gen.Choose(-3000, 3000).Select(number => number / 1000.0),
            Gen.Elements(0.0, 1e-9, 1e9, double.NaN, double.NegativeInfinity));
        Gen<IterationReport> iteration =
            from number in Gen.Choose(1, 9)
            from counts in Gen.Choose(0, 3).ArrayOf(8)
            from values in value.ListOf()
            select new IterationReport
            {
                Number = number,
                Play = SampleReports.Counted(
                    ("voted yes", counts[0]), ("voted no", counts[1]), ("tied", counts[2]), ("undecided", counts[3]),
                    ("search: success", counts[4]), ("search: exhausted", counts[5]),
                    ("search: over budget", counts[6]), ("search: failed", counts[7])),
                Actor = values.Count == 0 ? null : new TrainingCurve(
                    "actor-1", [.. values.Select((one, i) => new TrainingStep(i + 1, 9, one, 1, 1, -one, one))]),
                Refiner = values.Count == 0 ? null : new TrainingCurve(
                    "refiner-1", [.. values.Select((one, i) => new TrainingStep(i + 1, 9, one, 1, 1))]),
            };
        Gen<ReportModel> model =
            from rows in row.ListOf()
            from iterations in iteration.ListOf()
            select SampleReports.Started() with
            {
                Results = SampleReports.Started().Results with { Rows = [.. rows] },
                Iterations = [.. iterations],
            };

        Prop.ForAll(model.ToArbitrary(), one =>
        {
            string html = RunReport.RenderAsync(one).GetAwaiter().GetResult();
            Html.AssertBalanced(html);
            Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
            Assert.DoesNotContain("Infinity", html, StringComparison.Ordinal);
            Assert.DoesNotContain("∞", WebUtility.HtmlDecode(html), StringComparison.Ordinal);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
