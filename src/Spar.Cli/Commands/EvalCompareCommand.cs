using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation.Results;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval compare</c>: two results of one benchmark side by side.</summary>
internal static class EvalCompareCommand
{
    private const string Help = """
        Shows two results of one benchmark side by side, with paired tests (bootstrap of the difference; exact McNemar where samples are right or wrong) and
        the samples that flipped.

        Example:
          spar eval compare BEFORE_DIR AFTER_DIR
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> a = Options.Argument("a", "folder of the first result");
        Argument<string> b = Options.Argument("b", "folder of the second result");
        Option<bool> lenient = Options.Flag("--lenient", "compare the samples that both have");
        Option<int> flips = Options.Count("--flips", "flipped samples to list for each measure", 10, least: 0);
        Command command = new("compare", Help) { a, b, lenient, flips };
        command.SetAction(parse =>
        {
            Comparison comparison = Comparison.Of(
                StoredResult.Load(parse.GetValue(a)!),
                StoredResult.Load(parse.GetValue(b)!),
                parse.GetValue(lenient)
            );
            context.Output.WriteLine($"{comparison.A.Task}: a is {comparison.A.Model}, b is {comparison.B.Model}");
            Figures figures = new Figures()
                .Column("task")
                .Column("measure")
                .Column("a", right: true)
                .Column("b", right: true)
                .Column("b - a", right: true);
            foreach (FigurePair pair in comparison.Figures)
            {
                figures.Row(pair.Key.Task, pair.Key.Measure, Number(pair.A), Number(pair.B), Number(pair.B - pair.A));
            }

            figures.WriteTo(context.Output);
            foreach (PairedTest test in comparison.Tests)
            {
                string mcNemar = test.McNemarPValue is double p
                    ? string.Create(CultureInfo.InvariantCulture, $", McNemar p = {p:0.0000}")
                    : "";
                context.Output.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{test.Measure} on {test.Count} samples: b - a = {test.Difference.Difference:0.0000}, 95 "
                            + $"% interval {test.Difference.Interval.Low:0.0000} to "
                            + $"{test.Difference.Interval.High:0.0000}, bootstrap p = "
                            + $"{test.Difference.PValue:0.0000}{mcNemar}"
                    )
                );
                List(context, "  gained", test.Gained, comparison.B, parse.GetValue(flips));
                List(context, "  lost", test.Lost, comparison.A, parse.GetValue(flips));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void List(
        CommandContext context,
        string what,
        IReadOnlyList<string> ids,
        StoredResult result,
        int most
    )
    {
        context.Output.WriteLine($"{what}: {ids.Count}");
        foreach (string id in ids.Take(most))
        {
            string prompt = result.Prompts[id].ReplaceLineEndings(" ");
            context.Output.WriteLine($"    {id}: {(prompt.Length > 100 ? prompt[..100] + "..." : prompt)}");
        }
    }

    private static string Number(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0000}");
}
