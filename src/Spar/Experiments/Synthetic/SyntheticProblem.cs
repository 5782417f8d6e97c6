using Spar.Seams;

namespace Spar.Experiments.Synthetic;

/// <summary>How the two sides of a preference pair differ.</summary>
public enum PairKind
{
    /// <summary>Only in what the prompt asks for.</summary>
    Refined,

    /// <summary>In what the prompt asks for, and in something that it leaves free.</summary>
    Interfering,
}

/// <summary>
/// A kind of prompts whose answers a program can write and check, and in which something is left free that may
/// interfere with learning.
/// </summary>
public abstract class SyntheticProblem
{
    /// <summary>A word that names it in files.</summary>
    public abstract string Name { get; }

    /// <summary>What reports call it.</summary>
    public abstract string Title { get; }

    /// <summary>What reports call the measure of what interferes; null where it has none.</summary>
    public virtual string? Interference => null;

    /// <summary>Good answers, with what is free left to chance, from which a model learns the prompts.</summary>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="count">How many; each prompt is there once.</param>
    public abstract IReadOnlyList<SupervisedRow> Examples(ulong seed, int count);

    /// <summary>
    /// Pairs. With the same seed both kinds have the same prompts in the same order, and the same mistakes on the
    /// rejected sides.
    /// </summary>
    /// <param name="kind">How the sides differ.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="count">How many; each prompt is there once.</param>
    public abstract IReadOnlyList<PreferencePair> Pairs(PairKind kind, ulong seed, int count);

    /// <summary>Prompts that neither examples nor pairs contain; always the same.</summary>
    /// <param name="count">How many.</param>
    public abstract IReadOnlyList<SyntheticPrompt> HeldOut(int count);

    /// <summary>How much of what interferes shows in a response, 0..1; null where it cannot be told.</summary>
    /// <param name="response">Any text.</param>
    public virtual double? Interferes(string response) => null;
}

/// <summary>A prompt and the check of its responses.</summary>
/// <param name="Prompt">The user turn.</param>
/// <param name="IsSatisfied">True for a response that does what the prompt asks.</param>
public sealed record SyntheticPrompt(string Prompt, Func<string, bool> IsSatisfied);
