using Spar.SelfPlay;

namespace Spar.Experiments;

/// <summary>
/// SPaR beside its baselines: Figure 3 (score by iteration), Table 1 (following instructions), Table 2 (judging), and
/// what each one spent.
/// </summary>
public static class BaselineReport
{
    /// <summary>Makes the report.</summary>
    /// <param name="runs">
    /// All methods with all seeds; each has rows for the base model, SFT and every iteration.
    /// </param>
    public static ExperimentReport Of(ExperimentRuns runs)
    {
        RowName[] names =
        [
            RowName.Sft,
            .. runs.Variants.SelectMany(runs.Rows).Where(name => name.IterationNumber is not null).Distinct(),
        ];
        string first = runs.Variants[0];
        ExperimentTable figure = new(
            "Figure 3: held-out prompts fully satisfied, by iteration",
            "method",
            [.. names.Select(name => new ExperimentColumn(Text(name, "start (M_0)")))],
            [
                .. runs.Variants.Select(variant => new ExperimentRow(
                    variant,
                    [.. names.Select(name => runs.Of(variant, name, row => row.HeldOutPrompt))]
                )),
            ]
        );
        ExperimentTable following = new(
            "Table 1: following instructions, after the last iteration",
            "method",
            [
                new("prompts satisfied"),
                new("single instructions"),
                new("prompts, less the start's", MeasureUnit.Points),
                new("prompts, less the first method's", MeasureUnit.Points),
            ],
            [
                .. ((RowName[])[RowName.Base, RowName.Sft]).Select(name => new ExperimentRow(
                    name == RowName.Base ? "base model" : "start (M_0)",
                    [
                        runs.Of(first, name, row => row.HeldOutPrompt),
                        runs.Of(first, name, row => row.HeldOutInstruction),
                        null,
                        null,
                    ]
                )),
                .. runs.Variants.Select(variant => new ExperimentRow(
                    variant,
                    [
                        Last(variant, row => row.HeldOutPrompt),
                        Last(variant, row => row.HeldOutInstruction),
                        Last(variant, row => row.HeldOutPrompt)!
                            .Minus(runs.Of(variant, RowName.Sft, row => row.HeldOutPrompt)),
                        variant == first
                            ? null
                            : Last(variant, row => row.HeldOutPrompt)!.Minus(Last(first, row => row.HeldOutPrompt)),
                    ]
                )),
            ]
        );
        ExperimentTable judging = new(
            "Table 2: judging and refining the base model's responses, after the last iteration",
            "method",
            [new("judge accuracy"), new("judge F1"), new("refinement success")],
            [
                new ExperimentRow("start (R_0)", Judging(first, RowName.Sft)),
                .. runs.Variants.Select(variant => new ExperimentRow(variant, Judging(variant, null))),
            ]
        );
        ExperimentTable budget = runs.BudgetTable("method");
        ExperimentChart chart = new(
            "Figure 3: held-out prompts fully satisfied",
            "after",
            "satisfied, %",
            MeasureUnit.Percent,
            [
                .. runs.Variants.Select(variant => new ExperimentLine(
                    variant,
                    [
                        .. names
                            .Select((name, i) => (X: i, Y: runs.Of(variant, name, row => row.HeldOutPrompt)))
                            .Where(point => point.Y is not null)
                            .Select(point => new ExperimentPoint(point.X, point.Y!)),
                    ]
                )),
            ],
            [.. names.Select(name => Text(name, "start"))]
        );
        return new ExperimentReport(
            "baselines",
            "SPaR and its baselines",
            runs.Seeds,
            [figure, following, judging, budget],
            [chart],
            [
                "Every method begins from the same models, takes the same prompts in each iteration, and is "
                    + "measured on "
                    + "the same held-out prompts; the start is not counted in what it spent.",
            ]
        );

        static string Text(RowName name, string start) =>
            name == RowName.Sft ? start : name.ToString().Replace('-', ' ');

        Measured? Last(string variant, Func<EvaluationRow, double?> measure) => runs.Of(variant, null, measure);

        IReadOnlyList<Measured?> Judging(string variant, RowName? name) =>
            [
                runs.Of(variant, name, row => row.JudgeAccuracy),
                runs.Of(variant, name, row => row.Detail(EvaluationRow.JudgeF1)),
                runs.Of(variant, name, row => row.RefineSuccess),
            ];
    }
}
