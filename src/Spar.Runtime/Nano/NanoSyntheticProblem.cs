using System.Globalization;
using Spar.Experiments.Synthetic;
using Spar.Ground;
using Spar.Nano;
using Spar.Nano.Synthetic;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Nano;

/// <summary>The nano world's synthetic tasks as problems of the method's experiment.</summary>
public sealed class NanoSyntheticProblem : SyntheticProblem
{
    private readonly SyntheticTasks _tasks;
    private readonly Func<string, double?>? _interferes;

    private NanoSyntheticProblem(
        string name,
        string title,
        SyntheticTasks tasks,
        string? interference = null,
        Func<string, double?>? interferes = null
    )
    {
        (Name, Title, Interference) = (name, title, interference);
        (_tasks, _interferes) = (tasks, interferes);
    }

    /// <summary>Character sequences; the case of the letters interferes.</summary>
    public static NanoSyntheticProblem Letters { get; } =
        new("letters", "character sequences", SyntheticTasks.Letters, "upper case", LetterTask.UpperCaseShare);

    /// <summary>Stories whose first and last sentence are given; the middle interferes.</summary>
    public static NanoSyntheticProblem Stories { get; } = new("stories", "start/end stories", SyntheticTasks.Stories);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title { get; }

    /// <inheritdoc/>
    public override string? Interference { get; }

    /// <inheritdoc/>
    public override double? Interferes(string response) => _interferes?.Invoke(response);

    /// <inheritdoc/>
    public override IReadOnlyList<SupervisedRow> Examples(ulong seed, int count)
    {
        SeededRandom random = SeededRandom.Scrambled(seed ^ 1);
        return
        [
            .. _tasks
                .Training(seed, count)
                .Select(
                    (task, i) => new SupervisedRow(IdOf(i), RowKinds.Response, task.Instruction, task.Write(random))
                ),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<PreferencePair> Pairs(PairKind kind, ulong seed, int count)
    {
        SeededRandom random = SeededRandom.Scrambled(seed ^ 1);
        return
        [
            .. _tasks
                .Training(seed, count)
                .Select(
                    (task, i) =>
                    {
                        SyntheticPairs pairs = task.WritePairs(random);
                        SyntheticPair pair = kind == PairKind.Refined ? pairs.Refined : pairs.Interfering;
                        return new PreferencePair(IdOf(i), task.Instruction, pair.Chosen, pair.Rejected);
                    }
                ),
        ];
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There are only <see cref="SyntheticTasks.HeldOutCount"/>.
    /// </exception>
    public override IReadOnlyList<SyntheticPrompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, SyntheticTasks.HeldOutCount);
        return
        [
            .. _tasks.HeldOut.Take(count).Select(task => new SyntheticPrompt(task.Instruction, task.IsSatisfiedBy)),
        ];
    }

    private static string IdOf(int task) => string.Create(CultureInfo.InvariantCulture, $"training-{task}");
}
