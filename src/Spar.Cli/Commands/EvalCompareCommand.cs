using System.CommandLine;
using System.Globalization;
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
          spar eval compare eval/before eval/after
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> a = new("a") { Description = "folder of the first result" };
        Argument<string> b = new("b") { Description = "folder of the second result" };
        Option<bool> lenient = new("--lenient") { Description = "compare the samples that both have" };
        Option<int> flips = new("--flips") { Description = "flipped samples to list for each measure", DefaultValueFactory = _ => 10 };
        Command command = new("compare", Help) { a, b, lenient, flips };
        command.SetAction(parse =>
        {
            Comparison comparison = Comparison.Of(StoredResult.Load(parse.GetValue(a)!), StoredResult.Load(parse.GetValue(b)!), parse.GetValue(lenient));
            Table figures = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{comparison.A.Task}: {comparison.A.Model} against {comparison.B.Model}"))
                .AddColumn("task").AddColumn("measure").AddColumn(new TableColumn("a").RightAligned()).AddColumn(new TableColumn("b").RightAligned()).AddColumn(new TableColumn("b - a").RightAligned());
            foreach (FigurePair pair in comparison.Figures)
            {
                figures.AddRow(Markup.Escape(pair.Key.Task), Markup.Escape(pair.Key.Measure), Number(pair.A), Number(pair.B), Number(pair.B - pair.A));
            }

            context.Output.Write(figures);
            foreach (PairedTest test in comparison.Tests)
            {
                string mcNemar = test.McNemarPValue is double p ? string.Create(CultureInfo.InvariantCulture, $", McNemar p = {p:0.0000}") : "";
                context.Output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{test.Measure} on {test.Count} samples: b - a = {test.Difference.Difference:0.0000}, 95 % interval {test.Difference.Interval.Low:0.0000} to {test.Difference.Interval.High:0.0000}, bootstrap p = {test.Difference.PValue:0.0000}{mcNemar}"));
                List(context, "  gained", test.Gained, comparison.B, parse.GetValue(flips));
                List(context, "  lost", test.Lost, comparison.A, parse.GetValue(flips));
            }

            return CommandLine.Success;
        });
        return command;
    }

    private static void List(CommandContext context, string what, IReadOnlyList<string> ids, StoredResult result, int most)
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
