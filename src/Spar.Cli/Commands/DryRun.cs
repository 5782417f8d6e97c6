using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Runtime.Planning;
using Spar.Runtime.Recipes;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar run --dry-run</c>: what a run will take, before it is paid for.</summary>
internal sealed class DryRun
{
    private readonly Option<bool> _asked = Options.Flag(
        "--dry-run",
        "run nothing but two small probes of the recipe, and print what the run will take: calls, tokens, time, memory, "
            + "disk, price"
    );

    private readonly Option<int> _prompts = Options.Count(
        "--probe-prompts",
        "prompts of each kind in the first probe of --dry-run; the second has twice as many",
        24,
        most: 10_000
    );

    private readonly Option<(double Input, double Output)?> _price = new("--price")
    {
        Description = "for --dry-run: price of a million tokens read and of a million generated, as in 0.15,0.60",
        HelpName = "in,out",
        CustomParser = result =>
        {
            if (Prices(result.Tokens[0].Value) is { } prices)
            {
                return prices;
            }

            result.AddError("--price takes two numbers of at least 0 with a comma between, as in 0.15,0.60.");
            return null;
        },
    };

    public void AddTo(Command command)
    {
        command.Add(_asked);
        command.Add(_prompts);
        command.Add(_price);
    }

    public bool IsAsked(ParseResult parse) => parse.GetValue(_asked);

    public async Task<int> RunAsync(
        RunRecipe recipe,
        ParseResult parse,
        int threads,
        bool json,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        if (recipe.Trainer is { Kind: not TrainerKind.Embedded })
        {
            context.Warn(
                "trainer: a dry run trains with the embedded engine, so its times of trainings are not your trainer's; "
                    + "docs/clusters.md has a formula for those.");
        }

        RunPlan plan;
        using (ProgressLine progress = new(context))
        {
            plan = await RunPlanner.PlanAsync(
                recipe,
                parse.GetValue(_prompts),
                threads,
                context.Time,
                stage => progress.Begin(stage, 0),
                cancellationToken
            );
            progress.End();
        }

        if (json)
        {
            context.Print(plan.ToJson());
            return ExitCode.Success;
        }

        Write(plan, parse.GetValue(_price), context);
        return ExitCode.Success;
    }

    private static void Write(RunPlan plan, (double Input, double Output)? price, CommandContext context)
    {
        Figures figures = new Figures()
            .Column("stage")
            .Column("calls", right: true)
            .Column("tokens read", right: true)
            .Column("tokens generated", right: true)
            .Column("time", right: true);
        foreach (StagePlan stage in plan.Stages.Append(plan.Total))
        {
            figures.Row(
                stage.Stage,
                Text(stage.Calls, ProgressLine.Count),
                Text(stage.InputTokens, ProgressLine.Count),
                Text(stage.OutputTokens, ProgressLine.Count),
                Text(stage.Seconds, Duration)
            );
        }

        figures.WriteTo(context.Output);
        context.Output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Memory: {plan.MemoryBytes / (1L << 30):0.0} GiB in the probes. Disk: {plan.DiskBytes / 1e9:0.00} GB. "
                    + $"From probes with up to {plan.ProbePrompts} prompts of each kind, "
                    + $"{ProgressLine.Duration(TimeSpan.FromSeconds(plan.ProbeSeconds))}; in brackets where nine of ten "
                    + $"runs should end up."
            )
        );
        if (price is { } given)
        {
            string text = Text(
                plan.Price(given.Input, given.Output),
                value => value.ToString("0.00", CultureInfo.InvariantCulture)
            );
            context.Output.WriteLine($"Price: {text}.");
        }
    }

    private static string Text(Expected figure, Func<double, string> write) =>
        figure.High == 0 ? "–" : $"{write(figure.Value)} ({write(figure.Low)} to {write(figure.High)})";

    private static string Duration(double seconds) => ProgressLine.Duration(TimeSpan.FromSeconds(seconds));

    private static (double Input, double Output)? Prices(string text) =>
        text.Split(',') is [string first, string second]
        && double.TryParse(first, CultureInfo.InvariantCulture, out double input)
        && double.TryParse(second, CultureInfo.InvariantCulture, out double output)
        && input >= 0
        && output >= 0
        && double.IsFinite(input + output)
            ? (input, output)
            : null;
}
