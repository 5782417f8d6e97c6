using Spar.Ground;

namespace Spar.Nano;

/// <summary>Tasks for training: no instruction twice, none that is held out.</summary>
public static class TrainingTasks
{
    /// <summary>Draws tasks; a longer draw with the same seed begins with the shorter one.</summary>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="count">How many.</param>
    /// <param name="form">Line or story.</param>
    public static IEnumerable<NanoTask> Draw(ulong seed, int count, TaskForm form)
    {
        SeededRandom random = SeededRandom.Scrambled(seed);
        HashSet<string> seen = [];
        while (seen.Count < count)
        {
            NanoTask task = TaskSampler.Draw(random, form);
            if (!HeldOut.Contains(task.Instruction) && seen.Add(task.Instruction))
            {
                yield return task;
            }
        }
    }
}
