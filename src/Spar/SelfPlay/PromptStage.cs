using System.Globalization;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Opens a run's source of prompts before anything else, keeps what was found, and makes sure that a run which goes on
/// has the prompts that it began with.
/// </summary>
internal sealed class PromptStage(RunStore store, IRunObserver observer, TimeProvider time)
{
    /// <summary>Opens the source; sources that have nothing to read leave no trace.</summary>
    /// <param name="source">The source.</param>
    /// <param name="recipe">Says how many prompts each split has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">
    /// Something cannot be read, a split gets no prompt, or a split's prompts are not those that the run began with.
    /// </exception>
    public void Run(IPromptSource source, Recipe recipe, CancellationToken cancellationToken)
    {
        string started = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        long start = time.GetTimestamp();
        if (source.Open(Wanted(recipe), cancellationToken) is not { } found)
        {
            return;
        }

        PromptsProduct? kept = store.FindProduct<PromptsProduct>(StageNames.Prompts);
        foreach (FoundSplit split in kept?.Found.Splits ?? [])
        {
            if (found.Splits.FirstOrDefault(one => one.Name == split.Name) is { } now && now.Digest != split.Digest)
            {
                throw new SparException(
                    $"The prompts of \"{split.Name}\" are not those that the run began with: the files of prompts "
                        + "were changed. Put them back, or begin a new run in another directory."
                );
            }
        }

        observer.PromptsFound(found);
        if (kept is null || kept.Found.Splits.Count < found.Splits.Count)
        {
            double seconds = time.GetElapsedTime(start).TotalSeconds;
            store.KeepProduct(
                StageNames.Prompts,
                new PromptsProduct(Count(found), found),
                new StageTiming(StageNames.Prompts, started, seconds, 0, 0)
            );
        }
    }

    private static List<PromptRequest> Wanted(Recipe recipe)
    {
        List<PromptRequest> wanted = [];
        if (recipe.ActorSft.Epochs > 0)
        {
            wanted.Add(new PromptRequest(PromptSplit.Sft, recipe.SftPrompts));
        }

        if (recipe.RefinerSft.Epochs > 0)
        {
            wanted.Add(new PromptRequest(PromptSplit.Refiner, recipe.RefinerPrompts));
        }

        wanted.AddRange(
            Enumerable
                .Range(1, recipe.Iterations)
                .Select(iteration => new PromptRequest(PromptSplit.SelfPlay(iteration), recipe.PromptsPerIteration))
        );
        return wanted;
    }

    private static StageStatistics Count(PromptsFound found)
    {
        Counts counts = new();
        counts.Add("rows", found.Files.Sum(file => file.Rows));
        foreach ((string reason, long rows) in found.Dropped)
        {
            counts.Add(reason, rows);
        }

        foreach (FoundSplit split in found.Splits)
        {
            counts.Add($"prompts {split.Name}", split.Taken);
        }

        return counts.ToStatistics();
    }
}
