using Spar.SelfPlay;
using Spar.Web.Charts;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>
/// Figures 1 to 5 and Tables 1 to 10 of the paper with a run's numbers, the paper's own (LLaMA3-8B, as far as they are
/// known here) beside them. What a run does not measure is left out by name; experiments fill more of it.
/// </summary>
public static class PaperParts
{
    private const string Experiment = "One run holds no comparison of methods; spar experiment";

    // IFEval, average of prompt and instruction level, strict and loose, in percent.
    private static readonly Dictionary<RowName, double> s_ifeval = new()
    {
        [RowName.Base] = 77.9,
        [RowName.Sft] = 78.0,
        [RowName.Iteration(1)] = 80.3,
        [RowName.Iteration(2)] = 81.1,
        [RowName.Iteration(3)] = 81.8,
    };

    // LLMBar, average accuracy and F1 in percent.
    private static readonly Dictionary<RowName, string> s_llmBar = new()
    {
        [RowName.Base] = "53.8 / 43.8",
        [RowName.Sft] = "65.5 / 57.3",
        [RowName.Iteration(3)] = "68.3 / 63.1",
    };

    private static readonly string[] s_general = ["gsm8k", "triviaqa", "mmlu", "humaneval"];

    /// <summary>All parts in the paper's order.</summary>
    /// <param name="model">The run.</param>
    public static IReadOnlyList<PaperPart> Of(ReportModel model)
    {
        PaperPart[] own =
        [
            Figure1(model),
            new("Figure 2", "The method") { LeftOut = "A drawing of the method; it has no numbers." },
            Figure3(model),
            Missing("Figure 4", "Refined against interfering pairs, by training step", "synthetic"),
            Missing("Figure 5", "Decoding strategies at equal numbers of responses", "decoding"),
            Table1(model),
            Table2(model),
            Table3(model),
            Missing("Table 4", "Ablations of the actor", "ablations") with
            {
                Paper = "IFEval, prompt-level strict, against the whole method: without tree search −2.0 points, without "
                    + "iterative training −0.9, without refinement −2.6.",
            },
            Missing("Table 5", "Ablations of the refiner", "ablations"),
            General(model),
            Missing("Table 9", "Judging accuracy by number of votes", "decoding"),
            Missing("Table 10", "Failed responses that decoding strategies repair", "decoding"),
        ];
        return [.. own.Select(part => Filled(part, model.Experiments))];
    }

    // An experiment's part takes the place of a missing one; one that the run fills has it beside its own.
    private static PaperPart Filled(PaperPart part, IReadOnlyList<PaperPart> experiments)
    {
        PaperPart[] found = [.. experiments.Where(other => other.Name == part.Name)];
        return found.Length == 0 ? part : part with
        {
            LeftOut = null,
            Tables = [.. part.Tables, .. found.SelectMany(other => other.Tables)],
            Charts = [.. part.Charts, .. found.SelectMany(other => other.Charts)],
        };
    }

    private static PaperPart Missing(string name, string title, string experiment) =>
        new(name, title) { LeftOut = $"{Experiment} {experiment} measures it." };

    private static PaperPart Figure1(ReportModel model)
    {
        PaperPart part = new("Figure 1", "What a refined pair shares, and two independent samples do not");
        KeptWords[] kept = [.. model.Kept.Where(one => one.Refined is not null)];
        return kept.Length == 0
            ? part with { LeftOut = "No pair comes from a refinement here." }
            : part with
            {
                Tables =
                [
                    new PaperTable(
                        "iteration",
                        ["pairs", "words kept from the rejected to the chosen response", "the same of two samples, one of which passed"],
                        [
                            .. kept.Select(one => ($"{one.Iteration}", (IReadOnlyList<string>)
                                [Display.Count(one.Pairs), Display.Percent(one.Refined), Display.Percent(one.Sampled)])),
                        ]),
                ],
                Paper = "one example of each, a story; those of this run are among its pairs.",
            };
    }

    private static PaperPart Figure3(ReportModel model)
    {
        EvaluationRow[] rows = [.. model.Results.Rows];
        PaperPart part = new("Figure 3", "Scores by iteration")
        {
            Paper = "FollowBench SSR, average: 63.5, then 66.8, then 68.8; 69.4 with tree search at inference.",
        };
        if (!rows.Any(row => row.Name.IterationNumber is not null))
        {
            return part with { LeftOut = "No iteration has been measured yet." };
        }

        List<ChartSeries> series = [Series("held-out prompts", row => row.HeldOutPrompt)];
        foreach ((string name, string figure) in Figures(model, "ifeval", "followbench"))
        {
            series.Add(Series($"{name}, {figure}", row => Find(row, name, figure)));
        }

        series.Add(new ChartSeries("paper, IFEval average", [
            .. rows.Select((row, i) => (row, i)).Where(one => s_ifeval.ContainsKey(one.row.Name))
                .Select(one => new ChartPoint(one.i, s_ifeval[one.row.Name]))]));
        return part with
        {
            Charts =
            [
                new PaperChart(
                    "Score by iteration", "stage", "satisfied, %", [.. series.Where(line => line.Points.Count > 0)],
                    [.. rows.Select(row => Display.Row(row.Name))], true),
            ],
        };

        ChartSeries Series(string name, Func<EvaluationRow, double?> value) => new(name, [
            .. rows.Select((row, i) => (value: value(row), i)).Where(one => one.value is not null)
                .Select(one => new ChartPoint(one.i, 100 * one.value!.Value))]);
    }

    private static PaperPart Table1(ReportModel model)
    {
        (string Name, string Figure)[] figures = [.. Figures(model, "ifeval", "followbench")];
        List<(string, IReadOnlyList<string>)> rows = [.. model.Results.Rows.Select(row => (Display.Row(row.Name), (IReadOnlyList<string>)
        [
            Display.Percent(row.HeldOutPrompt),
            Display.Percent(row.HeldOutInstruction),
            .. figures.Select(one => Text(row, one.Name, one.Figure)),
            s_ifeval.TryGetValue(row.Name, out double paper) ? Display.Percent(paper / 100) : Display.Missing,
        ]))];
        if (model.Results.Rows.LastOrDefault() is { HeldOutPromptSearch: { } searched } last)
        {
            rows.Add(($"{Display.Row(last.Name)}, tree search at inference",
                [Display.Percent(searched), Display.Missing, .. figures.Select(_ => Display.Missing), Display.Percent(0.837)]));
        }

        return new PaperPart("Table 1", "Following instructions")
        {
            LeftOut = rows.Count == 0 ? "No row has been measured yet." : null,
            Tables = rows.Count == 0 ? [] :
            [
                new PaperTable(
                    "model",
                    ["held-out prompts", "single requirements", .. figures.Select(one => $"{one.Name}, {one.Figure}"), "paper: IFEval, average"],
                    rows),
            ],
        };
    }

    private static PaperPart Table2(ReportModel model)
    {
        (string Name, string Figure)[] figures = [.. Figures(model, "llmbar")];
        EvaluationRow[] rows = [.. model.Results.Rows.Where(row => row.JudgeAccuracy is not null
            || figures.Any(one => Find(row, one.Name, one.Figure) is not null))];
        return new PaperPart("Table 2", "Judging")
        {
            LeftOut = rows.Length == 0 ? "Judging was not measured." : null,
            Tables = rows.Length == 0 ? [] :
            [
                new PaperTable(
                    "model",
                    ["accuracy", "F1", .. figures.Select(one => $"{one.Name}, {one.Figure}"), "paper: LLMBar, accuracy / F1"],
                    [
                        .. rows.Select(row => (Display.Row(row.Name), (IReadOnlyList<string>)
                        [
                            Display.Percent(row.JudgeAccuracy),
                            Display.Percent(row.Detail(EvaluationRow.JudgeF1)),
                            .. figures.Select(one => Text(row, one.Name, one.Figure)),
                            s_llmBar.GetValueOrDefault(row.Name, Display.Missing),
                        ])),
                    ]),
            ],
        };
    }

    private static PaperPart Table3(ReportModel model)
    {
        EvaluationRow[] rows = [.. model.Results.Rows.Where(row => row.RefineSuccess is not null)];
        IReadOnlyList<IterationCalibration> calibration = model.Results.Calibration ?? [];
        PaperPart part = new("Table 3", "Refining failed responses")
        {
            Paper = "Repaired, by GPT-4o as the judge: 73.5 at the start, 79.0 at the end; by the refiner's own judgement 90.5.",
        };
        return rows.Length == 0 ? part with { LeftOut = "Refining was not measured." } : part with
        {
            Tables =
            [
                new PaperTable(
                    "model",
                    ["repaired, checked by rule", "first refinements alone", "searches in play: self-judged", "searches in play: verified"],
                    [
                        .. rows.Select(row =>
                        {
                            // R_t searches in iteration t + 1.
                            int plays = row.Name == RowName.Sft ? 1 : row.Name.IterationNumber + 1 ?? 0;
                            IterationCalibration? play = calibration.FirstOrDefault(one => one.Iteration == plays);
                            return (Display.Row(row.Name), (IReadOnlyList<string>)
                            [
                                Display.Percent(row.RefineSuccess),
                                Display.Percent(row.Detail(EvaluationRow.FirstRefinements)),
                                Display.Percent(play?.SelfJudgedSuccess),
                                Display.Percent(play?.VerifiedSuccess),
                            ]);
                        }),
                    ]),
            ],
        };
    }

    private static PaperPart General(ReportModel model)
    {
        PaperPart part = new("Tables 6 to 8", "General benchmarks, and what the appendix adds")
        {
            Paper = "General benchmarks keep their level: +1.6 on average. Of these tables no other number is known here.",
        };
        (string Name, string Figure)[] figures = [.. Figures(model, s_general)];
        return figures.Length == 0
            ? part with { LeftOut = "The recipe names none of gsm8k, triviaqa, mmlu, humaneval under evaluation." }
            : part with
            {
                Tables =
                [
                    new PaperTable(
                        "model",
                        [.. figures.Select(one => $"{one.Name}, {one.Figure}")],
                        [
                            .. model.Results.Rows.Select(row => (Display.Row(row.Name), (IReadOnlyList<string>)
                                [.. figures.Select(one => Text(row, one.Name, one.Figure))])),
                        ]),
                ],
            };
    }

    private static IEnumerable<(string Name, string Figure)> Figures(ReportModel model, params string[] names) =>
        model.Results.Rows.SelectMany(row => row.Yardsticks ?? [])
            .Where(yardstick => names.Any(name => yardstick.Name.StartsWith(name, StringComparison.Ordinal)))
            .SelectMany(yardstick => yardstick.Figures.Select(figure => (yardstick.Name, figure.Name)))
            .Distinct();

    private static double? Find(EvaluationRow row, string name, string figure) =>
        row.Yardsticks?.FirstOrDefault(one => one.Name == name)?.Figures.FirstOrDefault(one => one.Name == figure)?.Value;

    private static string Text(EvaluationRow row, string name, string figure) =>
        row.Yardsticks?.FirstOrDefault(one => one.Name == name)?.Figures.FirstOrDefault(one => one.Name == figure) is { } found
            ? found.IsShare ? Display.Percent(found.Value) : Display.Number(found.Value, 2)
            : Display.Missing;
}
