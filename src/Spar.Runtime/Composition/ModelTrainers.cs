using System.Globalization;
using Spar.Recipes;
using Spar.Runtime.Embedded;
using Spar.Runtime.Launchers;
using Spar.Runtime.Recipes;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>
/// What trains a run's models: the embedded engine, here or in several processes, or a trainer that somebody else wrote.
/// </summary>
internal static class ModelTrainers
{
    /// <summary>The trainer.</summary>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <param name="recipe">Names it, and says what chat templates see; null for the embedded engine.</param>
    /// <param name="notice">Is told what the user should know meanwhile; null for nobody.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static ITrainer Create(
        int threads, RunRecipe? recipe = null, Action<string>? notice = null, TimeProvider? time = null)
    {
        if (!IsOutside(recipe))
        {
            return new EmbeddedTrainer(threads, templateDate: recipe?.TemplateDate, dtype: recipe?.Dtype);
        }

        TrainerSettings settings = recipe!.Trainer!;
        TrainerOptions options = OptionsOf(settings) with { TemplateDate = recipe.TemplateDate, Dtype = recipe.Dtype };
        TimeProvider clock = time ?? TimeProvider.System;
        return new ExternalTrainer(
            ProgramOf(settings, options), LauncherOf(settings.Launcher.Kind, options.Launcher, clock), options, clock,
            notice ?? (_ => { }));
    }

    /// <summary>Whether something else than the embedded engine trains.</summary>
    /// <param name="recipe">The recipe; null for none.</param>
    public static bool IsExternal(RunRecipe? recipe) => recipe?.Trainer is { Kind: not TrainerKind.Embedded };

    /// <summary>Whether something is started to train: another trainer, or the embedded engine in ranks or as a job.</summary>
    /// <param name="recipe">The recipe; null for none.</param>
    public static bool IsOutside(RunRecipe? recipe) =>
        IsExternal(recipe) || recipe?.Trainer is { Ranks: > 1 } or { Launcher.Kind: LauncherKind.Slurm };

    /// <summary>The recipe without a group that says no more than what holds anyway.</summary>
    /// <param name="recipe">The recipe.</param>
    public static RunRecipe Plain(RunRecipe recipe) => IsExternal(recipe) ? recipe : recipe with { Trainer = null };

    /// <summary>Checks that the trainer can do what the recipe asks.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        if (!IsExternal(recipe))
        {
            return;
        }

        TrainerSettings settings = recipe.Trainer!;
        Recipe method = Teachers.MethodOf(recipe);
        check.That(
            method.Dpo.RejectedEnd != false, "dpo.rejected_end",
            "must be true or left out where another trainer trains: it ends every response", "false");
        int together = settings.Devices * settings.RowsPerDevice;
        foreach (RecipeTraining training in method.Trainings().DistinctBy(one => one.Key))
        {
            check.That(
                training.Settings.BatchSize % together == 0, $"{training.Key}.batch_size",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"must be a multiple of {together} (trainer.rows_per_device {settings.RowsPerDevice} on "
                    + $"{settings.Devices} devices)"),
                training.Settings.BatchSize);
            double? anchor = (training.Settings as SupervisedSettings)?.AnchorWeight;
            check.That(
                anchor is null, $"{training.Key}.anchor_weight",
                "must be left out where another trainer trains: it learns whole responses", anchor);
        }

        foreach (ModelRole role in method.Trainings().Select(one => one.Role).Distinct())
        {
            (string key, string model) = method.StartOf(role);
            check.That(
                !Path.Exists(model) || File.Exists(Path.Combine(model, "config.json")), key,
                $"must be the folder of a checkpoint in the Hugging Face layout (config.json) where "
                + $"{ProgramOf(settings, OptionsOf(settings)).Name} trains it",
                model);
        }
    }

    /// <summary>What may be missing when the training begins.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IEnumerable<string> Warnings(RunRecipe recipe)
    {
        if (IsOutside(recipe) && recipe.Trainer!.Launcher is { Kind: LauncherKind.Local, Setup.Count: 0 })
        {
            TrainerProgram program = ProgramOf(recipe.Trainer, OptionsOf(recipe.Trainer));
            if (!CommandExists(program.Command[0]))
            {
                yield return $"trainer: there is no {program.Command[0]} here, and {program.Name} is to train. "
                    + program.Installing;
            }
        }

        if (IsOutside(recipe) && recipe.Trainer!.Launcher.Kind == LauncherKind.Slurm && !CommandExists("sbatch"))
        {
            yield return "trainer.launcher: there is no sbatch here, and trainings are to be jobs of Slurm. Run spar where "
                + "Slurm's commands are, or set trainer.launcher.kind to local.";
        }
    }

    /// <summary>The trainer that a recipe names.</summary>
    /// <param name="settings">The recipe's group.</param>
    /// <param name="options">The same in the trainer's terms.</param>
    public static TrainerProgram ProgramOf(TrainerSettings settings, TrainerOptions options) =>
        settings.Kind switch
        {
            TrainerKind.Embedded => new EmbeddedRanks(options),
            TrainerKind.Llamafactory => new LlamaFactory(options),
            _ => new Trl(options),
        };

    /// <summary>What a recipe says of a trainer.</summary>
    /// <param name="settings">The recipe's group.</param>
    public static TrainerOptions OptionsOf(TrainerSettings settings) => new()
    {
        Command = settings.Command,
        Template = settings.Template,
        Settings = [.. settings.Words],
        RowsPerDevice = settings.RowsPerDevice,
        SaveSteps = settings.SaveSteps,
        Patience = TimeSpan.FromMinutes(settings.PatienceMinutes),
        DroppedRows = settings.DroppedRows,
        Tries = settings.Tries,
        Ranks = settings.Ranks,
        Threads = settings.Threads,
        Launcher = settings.Kind == TrainerKind.Embedded
            ? OptionsOf(settings.Launcher) with { GpusPerNode = 0 }
            : OptionsOf(settings.Launcher),
    };

    /// <summary>What a recipe says of a launcher.</summary>
    /// <param name="settings">The recipe's group.</param>
    public static LauncherOptions OptionsOf(LauncherSettings settings) => new()
    {
        Nodes = settings.Nodes,
        GpusPerNode = settings.GpusPerNode,
        Setup = settings.Setup,
        Interval = settings.PollSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Partition = settings.Partition,
        Account = settings.Account,
        Time = settings.Time,
        Seconds = TimeText.Seconds(settings.Time),
        Directives = settings.Directives,
        Image = settings.Image,
        Namespace = settings.Namespace,
        Claim = settings.Claim,
        Mount = settings.Mount,
        Resources =
        [
            .. settings.Resources.Select(one => one.Split(':', 2))
                .Where(one => one.Length == 2)
                .Select(one => new KeyValuePair<string, string>(one[0].Trim(), one[1].Trim())),
        ],
        Submit = settings.Submit,
    };

    /// <summary>A launcher.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="options">What the recipe says of it.</param>
    /// <param name="time">The clock.</param>
    public static ILauncher LauncherOf(LauncherKind kind, LauncherOptions options, TimeProvider time) =>
        kind switch
        {
            LauncherKind.Slurm => new SlurmLauncher(options, time),
            LauncherKind.Kubernetes => new KubernetesLauncher(options, time),
            _ => new LocalLauncher(options, time),
        };

    private static bool CommandExists(string name) => OutsideCommand.Exists(name);
}
