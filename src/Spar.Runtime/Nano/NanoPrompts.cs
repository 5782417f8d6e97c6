using Spar.Ground;
using Spar.Nano;
using Spar.Seams;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world as a run's source of prompts: as many as are wanted, no instruction twice in a run, none that is held
/// out.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="stories">Share of prompts that ask for a story, 0..1.</param>
/// <param name="taught">Whether an instruction is that of a lesson, so that it is not played; null for none.</param>
public sealed class NanoPrompts(ulong seed, double stories, Func<string, bool>? taught = null) : IPromptSource
{
    // Splits draw from interleaved places of one sequence of distinct tasks, so that they cannot share an instruction.
    private const int Splits = 16;

    private readonly Dictionary<TaskForm, (IEnumerator<NanoTask> Source, List<NanoTask> Drawn)> _draws = [];

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> Take(PromptSplit split, int count)
    {
        int place = split == PromptSplit.Sft ? 0 : split == PromptSplit.Refiner ? 1 : 1 + split.Iteration;
        if (place >= Splits)
        {
            throw new SparException($"The nano world has no prompts for {split}; it has {Splits - 2} iterations.");
        }

        List<Prompt> prompts = new(count);
        SeededRandom forms = SeededRandom.Scrambled(StableHash.Seed(seed, $"nano/{split.Name}/{split.Iteration}"));
        Dictionary<TaskForm, int> taken = [];
        for (int i = 0; i < count; i++)
        {
            TaskForm form = forms.Chance(stories) ? TaskForm.Story : TaskForm.Line;
            int ordinal = taken.GetValueOrDefault(form);
            taken[form] = ordinal + 1;
            prompts.Add(new Prompt($"{split.Name}-{i}", TaskAt(form, (ordinal * Splits) + place).Instruction));
        }

        return prompts;
    }

    private NanoTask TaskAt(TaskForm form, int index)
    {
        if (!_draws.TryGetValue(form, out (IEnumerator<NanoTask> Source, List<NanoTask> Drawn) draw))
        {
            draw = (TrainingTasks.Draw(StableHash.Seed(seed, $"nano/{form}"), int.MaxValue, form).GetEnumerator(), []);
            _draws[form] = draw;
        }

        while (draw.Drawn.Count <= index)
        {
            draw.Source.MoveNext();
            if (taught?.Invoke(draw.Source.Current.Instruction) != true)
            {
                draw.Drawn.Add(draw.Source.Current);
            }
        }

        return draw.Drawn[index];
    }
}
