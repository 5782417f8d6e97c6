using Spar.Ground;

namespace Spar.Nano.Synthetic;

/// <summary>
/// A task that leaves something free beside what it asks, for telling apart what preference pairs teach: what was
/// asked, or what else differs between their sides.
/// </summary>
public interface ISyntheticTask
{
    /// <summary>The instruction in English.</summary>
    string Instruction { get; }

    /// <summary>True when a response does what is asked; what is free does not count.</summary>
    /// <param name="response">Any text.</param>
    bool IsSatisfiedBy(string response);

    /// <summary>Writes a response that does what is asked; what is free is left to chance.</summary>
    /// <param name="random">The source of chance.</param>
    string Write(SeededRandom random);

    /// <summary>
    /// Writes a pair of each kind: a response with the same mistakes on the rejected side, without them on the chosen
    /// side.
    /// </summary>
    /// <param name="random">The source of chance.</param>
    SyntheticPairs WritePairs(SeededRandom random);
}

/// <summary>A better and a worse response to one task.</summary>
/// <param name="Chosen">Does what is asked.</param>
/// <param name="Rejected">Does not.</param>
public sealed record SyntheticPair(string Chosen, string Rejected);

/// <summary>The two kinds of pairs, made from the same mistakes.</summary>
/// <param name="Refined">The sides differ only in what was asked.</param>
/// <param name="Interfering">The sides differ in what was asked, and in what is free.</param>
public sealed record SyntheticPairs(SyntheticPair Refined, SyntheticPair Interfering);
