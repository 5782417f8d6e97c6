using Spar.Nano;
using Spar.Seams;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world's exact checks as a verifier: it reads an instruction back into its constraints and checks those
/// whose kind or family it knows. Its findings are worded like a judge's: the response read back with positions, then
/// one line a constraint.
/// </summary>
public sealed class NanoVerifier : IConstraintVerifier
{
    /// <summary>Stands for every kind.</summary>
    public const string All = "all";

    private readonly HashSet<string> _known;

    /// <summary>A verifier that knows some kinds of constraints.</summary>
    /// <param name="known">Kinds ("words") or families ("length") as <see cref="Kinds"/> lists them, or "all".</param>
    /// <exception cref="SparException">There is no such kind or family.</exception>
    public NanoVerifier(params IEnumerable<string> known)
    {
        _known = [.. known];
        if (
            _known.FirstOrDefault(name => name != All && !Kinds.ContainsKey(name) && !Kinds.Values.Contains(name)) is
            { } unknown
        )
        {
            throw new SparException(
                $"The nano world has no constraint '{unknown}'. Give {All}, or some of {string.Join(", ", Kinds.Keys.Concat(Kinds.Values).Distinct())}."
            );
        }
    }

    /// <summary>Kinds of the nano world's constraints, with the family of each.</summary>
    public static IReadOnlyDictionary<string, string> Kinds { get; } =
        HeldOut
            .Tasks(TaskForm.Line)
            .Concat(HeldOut.Tasks(TaskForm.Story))
            .SelectMany(task => task.Requirements)
            .DistinctBy(constraint => constraint.Kind)
            .OrderBy(constraint => constraint.Kind, StringComparer.Ordinal)
            .ToDictionary(constraint => constraint.Kind, constraint => constraint.Family);

    /// <inheritdoc/>
    /// <remarks>An instruction that is not of the nano world is unknown.</remarks>
    public Verification Verify(string instruction, string response)
    {
        if (NanoTask.Parse(instruction) is not { } task)
        {
            return Verification.Unknown;
        }

        Constraint[] known = [.. task.Requirements.Where(Knows)];
        string findings = Critic.Findings(task, known, response, out bool followed);
        return new Verification(
            !followed ? VerificationOutcome.NotFollowed
                : known.Length == task.Requirements.Count ? VerificationOutcome.Followed
                : VerificationOutcome.Unknown,
            findings
        );
    }

    private bool Knows(Constraint constraint) =>
        _known.Contains(All) || _known.Contains(constraint.Kind) || _known.Contains(constraint.Family);
}
