namespace Spar.Nano;

/// <summary>What a check found.</summary>
/// <param name="Followed">True when the response satisfies the constraint.</param>
/// <param name="Check">
/// The line that a critique writes about it: what was looked for, what was found, and ok or bad.
/// </param>
public readonly record struct Finding(bool Followed, string Check);

/// <summary>
/// One requirement of a task. <see cref="Phrases"/> are the sentences that ask for it; the critique line states the
/// same in a few words, evidence first, so that a small model can learn to write it.
/// </summary>
public abstract record Constraint
{
    /// <summary>Short name of the kind: words, include, ...</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// Constraint family of the method's taxonomy (method paper, prompt evolution): length, keyword, ...
    /// </summary>
    public abstract string Family { get; }

    /// <summary>The ways to ask for it, in plain English; each one sentence with a full stop.</summary>
    public abstract IReadOnlyList<string> Phrases { get; }

    /// <summary>Checks a response.</summary>
    /// <param name="response">The response, taken apart.</param>
    public abstract Finding Check(NanoResponse response);

    /// <summary>
    /// How far the response is from satisfying the constraint, 0 when it does; the teacher edits downhill along it.
    /// </summary>
    /// <param name="response">The response, taken apart.</param>
    internal virtual int Distance(NanoResponse response) => Check(response).Followed ? 0 : 4;

    /// <summary>
    /// The words of the response that stand for this constraint, which edits for other constraints leave alone.
    /// </summary>
    /// <param name="word">A word of the response.</param>
    internal virtual bool Needs(string word) => false;

    private protected static string Verdict(bool followed) => followed ? "ok" : "bad";

    /// <summary>" word position" of the first word that qualifies, or " none".</summary>
    private protected static string Evidence(
        NanoResponse response,
        Func<string, bool> qualifies,
        bool sayWord,
        out bool found
    )
    {
        for (int i = 0; i < response.Words.Count; i++)
        {
            if (qualifies(response.Words[i]))
            {
                found = true;
                return (sayWord ? $" {response.Words[i]}" : "") + $" {Math.Min(i + 1, Critic.MostPositions)}";
            }
        }

        found = false;
        return " none";
    }
}
