using System.Collections.Frozen;
using Spar.Ground;

namespace Spar.Nano.Synthetic;

/// <summary>One family of synthetic tasks, split into held-out tasks and tasks for training.</summary>
public sealed class SyntheticTasks
{
    /// <summary>Held-out tasks of a family.</summary>
    public const int HeldOutCount = 500;

    private const ulong HeldOutSeed = 0x53_59_4E_54_48_00_00_00;

    private readonly Func<SeededRandom, ISyntheticTask> _draw;
    private readonly FrozenSet<string> _heldOut;

    private SyntheticTasks(Func<SeededRandom, ISyntheticTask> draw)
    {
        _draw = draw;
        HeldOut = [.. Distinct(HeldOutSeed, []).Take(HeldOutCount)];
        _heldOut = HeldOut.Select(task => task.Instruction).ToFrozenSet();
    }

    /// <summary>Character sequences.</summary>
    public static SyntheticTasks Letters { get; } = new(LetterTask.Draw);

    /// <summary>Start/end stories.</summary>
    public static SyntheticTasks Stories { get; } = new(FramedStoryTask.Draw);

    /// <summary>
    /// The held-out tasks: <see cref="HeldOutCount"/> of them, each instruction once, always the same.
    /// </summary>
    public IReadOnlyList<ISyntheticTask> HeldOut { get; }

    /// <summary>
    /// Draws tasks for training: no instruction twice, none that is held out. A longer draw with the same seed begins
    /// with the shorter one.
    /// </summary>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="count">How many.</param>
    public IEnumerable<ISyntheticTask> Training(ulong seed, int count) => Distinct(seed, _heldOut).Take(count);

    private IEnumerable<ISyntheticTask> Distinct(ulong seed, FrozenSet<string> without)
    {
        SeededRandom random = SeededRandom.Scrambled(seed);
        HashSet<string> seen = [];
        while (true)
        {
            ISyntheticTask task = _draw(random);
            if (!without.Contains(task.Instruction) && seen.Add(task.Instruction))
            {
                yield return task;
            }
        }
    }
}
