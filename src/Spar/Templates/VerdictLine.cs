namespace Spar.Templates;

/// <summary>What one line of a judgement is.</summary>
internal enum VerdictLineKind
{
    /// <summary>No verdict line.</summary>
    None,

    /// <summary>The mark alone; the verdict is expected on the next line that is not blank.</summary>
    MarkOnly,

    /// <summary>A verdict.</summary>
    Verdict,

    /// <summary>A verdict line that cannot be read; <see cref="VerdictLine.Unparsed"/> says why.</summary>
    Unreadable,
}

/// <summary>A line of a judgement, read as a verdict line.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Verdict">The verdict, where there is one.</param>
/// <param name="Start">Where the verdict's word stands in the line; -1 where it is a sign (✅, ❌).</param>
/// <param name="Length">Characters of the verdict's word.</param>
/// <param name="Unparsed">Why it cannot be read, where it cannot.</param>
internal readonly record struct VerdictLine(
    VerdictLineKind Kind,
    bool Verdict = false,
    int Start = -1,
    int Length = 0,
    string? Unparsed = null
)
{
    public static VerdictLine None => new(VerdictLineKind.None);

    public static VerdictLine Unreadable(string why) => new(VerdictLineKind.Unreadable, Unparsed: why);
}
