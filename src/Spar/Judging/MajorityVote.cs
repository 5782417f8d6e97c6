using System.Text.Json.Serialization;
using Spar.Prompts;

namespace Spar.Judging;

/// <summary>How the votes on one response went.</summary>
public enum Majority
{
    /// <summary>More yes than no: the response satisfies its instruction.</summary>
    Yes,

    /// <summary>More no than yes.</summary>
    No,

    /// <summary>As many yes as no.</summary>
    Tie,

    /// <summary>No vote could be read.</summary>
    Undecided,
}

/// <summary>The votes on one response.</summary>
/// <param name="Yes">Votes for yes.</param>
/// <param name="No">Votes for no.</param>
/// <param name="Critique">
/// The first critique that agrees with the majority; at a tie the first that says no, for that is what a refinement needs; null when undecided.
/// </param>
/// <param name="Unparsed">Reasons why votes could not be read, one entry a vote; null when all could.</param>
public sealed record MajorityVote(int Yes, int No, string? Critique, IReadOnlyList<string>? Unparsed = null)
{
    /// <summary>How the votes went.</summary>
    [JsonIgnore]
    public Majority Majority => (Yes, No) switch
    {
        (0, 0) => Majority.Undecided,
        _ when Yes > No => Majority.Yes,
        _ when No > Yes => Majority.No,
        _ => Majority.Tie,
    };

    /// <summary>Share of yes among the votes that could be read, 0..1; null when undecided.</summary>
    [JsonIgnore]
    public double? Value => Yes + No == 0 ? null : (double)Yes / (Yes + No);

    /// <summary>True when there was a majority, but not all votes agreed.</summary>
    [JsonIgnore]
    public bool Disputed => Yes > 0 && No > 0 && Yes != No;

    /// <summary>Counts votes.</summary>
    /// <param name="judgements">In the order in which they were asked for.</param>
    public static MajorityVote Of(IReadOnlyList<Judgement> judgements)
    {
        int yes = judgements.Count(judgement => judgement.Verdict == true);
        int no = judgements.Count(judgement => judgement.Verdict == false);
        string? critique = judgements.FirstOrDefault(judgement => judgement.Verdict == yes > no)?.Critique;
        string[] unparsed = [.. judgements.Where(judgement => judgement.Unparsed is not null).Select(judgement => judgement.Unparsed!)];
        return new MajorityVote(yes, no, critique, unparsed.Length == 0 ? null : unparsed);
    }
}
