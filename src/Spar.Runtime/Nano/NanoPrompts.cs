using Spar.Ground;
using Spar.Nano;
using Spar.Seams;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world as a run's source of prompts: as many as are wanted, no instruction twice in a run, none that is held out.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="stories">Share of prompts that ask for a story, 0..1.</param>
public sealed class NanoPrompts(ulong seed, double stories) : IPromptSource
{
    // Splits draw from interleaved places of one sequence of distinct tasks, so that they cannot share an instruction.
    private const int Splits = 16;

    private readonly Dictionary<TaskForm, (IEnumerator<NanoTask> Source, List<NanoTask> Drawn)> _draws = [];

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> Take(string split, int count, int iteration)
    {
        int place = split switch
        {
            "sft" => 0,
            "refiner" => 1,
            "self-play" when iteration is >= 1 and < Splits - 1 => 1 + iteration,
            _ => throw new SparException($"The nano world has no prompts for the split '{split}', iteration {iteration}; it has {Splits - 2} iterations."),
        };
        List<Prompt> prompts = new(count);
        SeededRandom forms = SeededRandom.Scrambled(StableHash.Seed(seed, $"nano/{split}/{iteration}"));
        Dictionary<TaskForm, int> taken = [];
        for (int i = 0; i < count; i++)
        {
            TaskForm form = forms.Chance(stories) ? TaskForm.Story : TaskForm.Line;
            int ordinal = taken.GetValueOrDefault(form);
            taken[form] = ordinal + 1;
            prompts.Add(new Prompt($"{split}-{i}", TaskAt(form, (ordinal * Splits) + place).Instruction));
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
            draw.Drawn.Add(draw.Source.Current);
        }

        return draw.Drawn[index];
    }
}
