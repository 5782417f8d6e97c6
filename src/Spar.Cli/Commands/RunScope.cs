using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary>The options by which <c>spar run</c> plays a shard, or ends where shards are to play.</summary>
internal sealed class RunScope
{
    private readonly Option<PlayShard?> _shard = Options.Shard();
    private readonly Option<bool> _untilPlay = Options.UntilPlay();

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        command.Add(_shard);
        command.Add(_untilPlay);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_untilPlay) && result.GetResult(_shard) is not null)
            {
                result.AddError("--until-play ends before there is something to play, and --shard plays: give one of them.");
            }
        });
    }

    /// <summary>What was asked for.</summary>
    /// <param name="parse">The command line.</param>
    public PlayScope Of(ParseResult parse) => new(parse.GetValue(_shard), parse.GetValue(_untilPlay));

    /// <summary>Where a session's files go.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="scope">How far it goes.</param>
    public static string DirectoryOf(string directory, PlayScope scope) =>
        scope.Shard is { } shard ? PlayShards.DirectoryOf(directory, shard) : directory;

    /// <summary>Opens the run's store, or the shard's.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="scope">How far the session goes.</param>
    /// <param name="identity">What decides the run's results.</param>
    /// <param name="time">The clock.</param>
    public static RunStore Open(string directory, PlayScope scope, RunIdentity identity, TimeProvider time) =>
        scope.Shard is { } shard
            ? PlayShards.Open(directory, shard, identity, time)
            : RunStore.Open(directory, identity, time);

    /// <summary>Says where a session has ended, and what comes next.</summary>
    /// <param name="end">Where.</param>
    /// <param name="scope">How far it was to go.</param>
    /// <param name="directory">The run directory.</param>
    /// <param name="context">Is told.</param>
    /// <returns>The exit code.</returns>
    public static int Tell(SessionEnd end, PlayScope scope, string directory, CommandContext context)
    {
        string counts = string.Create(CultureInfo.InvariantCulture, $"{end.Played} of {end.Items} prompts");
        context.Output.WriteLine(scope.Shard is { } shard
            ? $"{end.Stage}: {counts} of shard {shard} are played. When all shards are: spar runs merge {directory}"
            : $"{end.Stage}: {counts} are played. Play the rest with --shard, or without --until-play.");
        return scope.Shard is not null && end.Played < end.Items ? ExitCode.Incomplete : ExitCode.Success;
    }
}
