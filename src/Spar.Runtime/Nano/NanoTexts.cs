using Spar.Ground;
using Spar.Nano;
using Spar.Seams;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world as a source of unlabelled texts: what a careful writer wrote for tasks that are thrown away. None of
/// the tasks is held out.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="stories">Share of texts that are stories, 0..1.</param>
public sealed class NanoTexts(ulong seed, double stories) : ITextSource
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Take(int count, int iteration)
    {
        SeededRandom random = SeededRandom.Scrambled(StableHash.Seed(seed, $"nano/texts/{iteration}"));
        int long_ = (int)Math.Round(count * stories);
        return
        [
            .. new[] { (Form: TaskForm.Line, Count: count - long_), (Form: TaskForm.Story, Count: long_) }
                .SelectMany(part =>
                    TrainingTasks.Draw(
                        StableHash.Seed(seed, $"nano/texts/{iteration}/{part.Form}"),
                        part.Count,
                        part.Form
                    )
                )
                .Select(task => Writer.Write(task, random)),
        ];
    }
}
