using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar runs merge</c>: unites the shards of a run's play.</summary>
internal static class RunsMergeCommand
{
    private const string Help = """
        Takes what shards have played ('spar run --shard') into their run: those under shards/ of the run directory, or the
        ones that are named. Shards that were merged before bring nothing new, in any order; a share that was lost is played
        again alone. Then 'spar run' goes on, and makes of it what it would have made alone. Other answers to the same calls,
        and shards of other recipes, are refused.

        Examples:
          spar runs merge runs/quickstart
          spar runs merge runs/quickstart runs/quickstart/shards/2-of-4 --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Argument<string[]> named = new("shard")
        {
            Description = "directories of shards (default: all under shards/ of the run directory)",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> json = Shared.Json("print what was merged as JSON");
        Command command = new("merge", Help) { run, named, json };
        command.SetAction(parse =>
        {
            string directory = parse.GetValue(run)!;
            IReadOnlyList<string> shards = parse.GetValue(named) is { Length: > 0 } given ? given : PlayShards.In(directory);
            if (shards.Count == 0)
            {
                throw new UserFaultException(
                    $"There are no shards under {Path.Combine(directory, "shards")}.",
                    "Play some with 'spar run RECIPE --shard 1/4', or name their directories.");
            }

            IReadOnlyList<MergedShard> merged = PlayShards.Merge(directory, shards, context.Time);
            if (parse.GetValue(json))
            {
                context.Print(JsonSerializer.Serialize(merged, JsonSettings.Readable) + "\n");
                return;
            }

            foreach (MergedShard shard in merged)
            {
                context.Output.WriteLine(HarmlessText.Name(shard.Stage is null
                    ? $"{shard.Shard}: nothing that the run still needs"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{shard.Shard}: {shard.Items} prompts of {shard.Stage}, {shard.Taken} of them new, with {shard.Calls} new answers")));
            }
        });
        return command;
    }
}
