using System.Globalization;
using Spar.Engine.Inspection;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>
/// What is looked at before a run: the recipe and all files that it names, the servers that it will ask, disk and
/// memory. Everything that is wrong comes in one list; what may go wrong is told apart from it.
/// </summary>
public static class Preflight
{
    /// <summary>Reads a recipe and looks at everything that a run of it needs.</summary>
    /// <param name="document">The file.</param>
    /// <param name="directory">Where the run will go; need not be there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The recipe, and what may go wrong, a sentence each.</returns>
    /// <exception cref="SparException">
    /// The recipe cannot be run; the message names every key and where it stands.
    /// </exception>
    public static async Task<(RunRecipe Recipe, IReadOnlyList<string> Warnings)> ReadAsync(
        RecipeDocument document, string directory, CancellationToken cancellationToken)
    {
        RunRecipe recipe = document.Bind<RunRecipe>();
        ServedModels.Complete(recipe);
        ServerReport servers = await ServerReport.AskAsync(recipe, cancellationToken).ConfigureAwait(false);
        document.Check(() => RunComposer.Check(recipe, servers.Faults));
        return (
            recipe,
            [
                .. servers.Warnings, .. Teachers.Warnings(recipe, document.Has), .. ModelFiles.Warnings(recipe),
                .. ModelTrainers.Warnings(recipe), .. PlayArrays.Warnings(recipe),
                .. Yardsticks.Warnings(recipe), .. Resources(recipe, directory),
            ]);
    }

    // What a run will leave on the disk, and take of memory, against what there is.
    private static IEnumerable<string> Resources(RunRecipe recipe, string directory)
    {
        Recipe method = Teachers.MethodOf(recipe);
        int kept = 0;
        long needed = 0, taken = 0;
        bool trainsAll = false;
        foreach (ModelRole role in Enum.GetValues<ModelRole>())
        {
            string model = method.StartOf(role).Model;
            if (!Path.Exists(model))
            {
                continue;
            }

            ModelSummary summary = ModelSummary.Read(model);
            long checkpoint = 4 * summary.Parameters;
            RecipeTraining[] trainings = [.. method.Trainings().Where(one => one.Role == role)];
            int times = trainings.Sum(one => one.Times);
            kept += times;
            needed += times * checkpoint;
            bool all = trainings.Any(one => one.Settings.Lora is null);
            long takes = all ? summary.TrainingBytes : summary.WeightBytes + checkpoint;
            (taken, trainsAll) = takes > taken ? (takes, all) : (taken, trainsAll);
        }

        long free = FreeBytes(directory);
        if (needed > free)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"disk: {kept} checkpoints take {needed / 1e9:0.0} GB, and {free / 1e9:0.0} GB are free where the run "
                + $"goes. Make room, or name another --output.");
        }

        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (taken > memory && !ModelTrainers.IsExternal(recipe))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"memory: training takes about {taken / 1e9:0.0} GB, and this process may have {memory / 1e9:0.0} GB. "
                + $"Take a smaller model{(trainsAll ? ", or train an adapter (lora)" : "")}.");
        }
    }

    private static long FreeBytes(string directory)
    {
        string? at = Path.GetFullPath(directory);
        while (at is not null && !Directory.Exists(at))
        {
            at = Path.GetDirectoryName(at);
        }

        try
        {
            return at is null ? long.MaxValue : new DriveInfo(at).AvailableFreeSpace;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue;
        }
    }
}
