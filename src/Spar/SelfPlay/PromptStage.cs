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
    /// <summary>
    /// Opens the source, and before it the lessons that are there already; sources that have nothing to read leave no
    /// trace.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="teacher">Who teaches; null for nobody.</param>
    /// <param name="recipe">Says how many prompts each split has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">
    /// Something cannot be read, a split gets no prompt, or what was read is not what the run began with.
    /// </exception>
    public void Run(IPromptSource source, Teacher? teacher, Recipe recipe, CancellationToken cancellationToken)
    {
        ILessonSource? lessons = (teacher as Teacher.Ready)?.Lessons;
        if (lessons is not null)
        {
            Open(StageNames.Lessons, "lessons", () => lessons.Open(
                recipe.ActorSft.Epochs > 0 ? recipe.SftPrompts : 0,
                recipe.RefinerSft.Epochs > 0 ? recipe.RefinerPrompts : 0,
                cancellationToken));
        }

        Open(StageNames.Prompts, "prompts", () =>
            source.Open(Wanted(recipe, asked: lessons is null), cancellationToken));
    }

    private void Open(string stage, string what, Func<PromptsFound?> open)
    {
        string started = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        long start = time.GetTimestamp();
        if (open() is not { } found)
        {
            return;
        }

        PromptsProduct? kept = store.FindProduct<PromptsProduct>(stage);
        foreach (FoundSplit split in kept?.Found.Splits ?? [])
        {
            if (found.Splits.FirstOrDefault(one => one.Name == split.Name) is { } now && now.Digest != split.Digest)
            {
                throw new SparException(
                    $"The {what} of \"{split.Name}\" are not those that the run began with: the files of {what} "
                        + "were changed. Put them back, or begin a new run in another directory."
                );
            }
        }

        observer.PromptsFound(stage, found);
        if (kept is null || kept.Found.Splits.Count < found.Splits.Count)
        {
            double seconds = time.GetElapsedTime(start).TotalSeconds;
            store.KeepProduct(
                stage,
                new PromptsProduct(Count(found, what), found),
                new StageTiming(stage, started, seconds, 0, 0)
            );
        }
    }

    private static List<PromptRequest> Wanted(Recipe recipe, bool asked)
    {
        List<PromptRequest> wanted = [];
        if (asked && recipe.ActorSft.Epochs > 0)
        {
            wanted.Add(new PromptRequest(PromptSplit.Sft, recipe.SftPrompts));
        }

        if (asked && recipe.RefinerSft.Epochs > 0)
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

    private static StageStatistics Count(PromptsFound found, string what)
    {
        Counts counts = new();
        counts.Add("rows", found.Files.Sum(file => file.Rows));
        foreach ((string reason, long rows) in found.Dropped)
        {
            counts.Add(reason, rows);
        }

        foreach (FoundSplit split in found.Splits)
        {
            counts.Add($"{what} {split.Name}", split.Taken);
        }

        return counts.ToStatistics();
    }
}
