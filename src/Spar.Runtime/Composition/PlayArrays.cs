using System.Globalization;
using Spar.Recipes;
using Spar.Runtime.Launchers;
using Spar.Runtime.Recipes;
using Spar.Runtime.Shards;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>What plays a run's stages: its own process, or an array of shards.</summary>
internal static class PlayArrays
{
    /// <summary>Has play stages played by shards, where the recipe says so.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="session">The command that goes on with the run; null where there is none.</param>
    /// <param name="trainer">The run's trainer: its first training of an iteration can wait for the array.</param>
    /// <param name="directory">The run directory.</param>
    /// <param name="notice">Is told what the user should know meanwhile.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Null where the run's own process plays.</returns>
    public static IPlayElsewhere? Create(
        RunRecipe recipe, SessionCommand? session, ITrainer trainer, string directory, Action<string> notice,
        TimeProvider time)
    {
        PlaySettings settings = recipe.Play;
        if (settings.Shards == 1 || session is null)
        {
            return null;
        }

        ShardOptions options = new()
        {
            Shards = settings.Shards,
            Tries = settings.Tries,
            Command =
            [
                .. settings.Command.Count > 0 ? settings.Command
                    : settings.Launcher.Kind == LauncherKind.Kubernetes ? ["spar"] : session.Program,
                .. session.Arguments,
                .. settings.Threads is { } threads
                    ? ["--threads", threads.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
            ],
            Folder = session.Folder,
        };
        ILauncher launcher = ModelTrainers.LauncherOf(
            settings.Launcher.Kind,
            ModelTrainers.OptionsOf(settings.Launcher) with { Nodes = 1, GpusPerNode = 0 }, time);

        // A training stands in the queue from when its play begins, where one queue has both.
        bool waits = trainer is ExternalTrainer && settings.Launcher.Kind == LauncherKind.Slurm
            && recipe.Trainer!.Launcher.Kind == LauncherKind.Slurm && recipe.Method.Dpo.Epochs > 0;
        return new ShardedPlay(
            options, launcher, time, notice,
            !waits ? null : (iteration, array, token) =>
                recipe.Method.IterativeTraining || iteration == recipe.Method.Iterations
                    ? ((ExternalTrainer)trainer).ReserveAsync(
                        Path.Combine(directory, "checkpoints", StageNames.Actor(iteration)), array, token)
                    : Task.CompletedTask);
    }

    /// <summary>Checks that play can be cut as the recipe says.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        if (recipe.Play.Shards == 1)
        {
            return;
        }

        check.That(
            recipe.Method.Method == TrainingMethod.Spar, "play.shards",
            "must be 1 but for method spar, whose play alone can be cut", recipe.Play.Shards);
        check.That(
            recipe.Servers.Checkpoints.Count == 0, "play.shards",
            "must be 1 where servers play what the run trains (servers.checkpoints): one process keeps them all busy",
            recipe.Play.Shards);
    }

    /// <summary>What may be missing when the play begins.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IEnumerable<string> Warnings(RunRecipe recipe)
    {
        if (recipe.Play is { Shards: > 1, Launcher.Kind: LauncherKind.Slurm } && !OutsideCommand.Exists("sbatch"))
        {
            yield return "play.launcher: there is no sbatch here, and shards are to be an array of Slurm. Run spar where "
                + "Slurm's commands are, or set play.launcher.kind to local.";
        }
    }
}
