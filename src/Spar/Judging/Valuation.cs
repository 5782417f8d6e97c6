using System.Text.Json.Serialization;
using Spar.Templates;

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

/// <summary>The votes on one response, or whatever else stands for them (see <see cref="IJudge"/>).</summary>
/// <param name="Yes">Votes for yes.</param>
/// <param name="No">Votes for no.</param>
/// <param name="Critique">
/// The first critique that agrees with the majority; at a tie the first that says no, for that is what a refinement needs; null when undecided.
/// </param>
/// <param name="Unparsed">Reasons why votes could not be read, one entry a vote; null when all could.</param>
public sealed record Valuation(int Yes, int No, string? Critique, IReadOnlyList<string>? Unparsed = null)
{
    /// <summary>A probability up to this far from 0 or 1 counts as agreement: five votes drawn with it are more likely than not to be unanimous (1 - 0.5^(1/5)).</summary>
    private const double Agreement = 0.13;

    /// <summary>Probability of yes, 0..1, where the value is one instead of a share of votes; else null.</summary>
    public double? Probability { get; init; }

    /// <summary>True when a verifier gave the verdict, not a model; else null.</summary>
    public bool? Verified { get; init; }

    /// <summary>Model calls that the votes took, where it is not one a vote; else null.</summary>
    public int? CallsMade { get; init; }

    /// <summary>The response's key while votes on it were spared (<see cref="IJudge.CompleteAsync"/>); null when all were cast. Not kept in the store.</summary>
    [JsonIgnore]
    internal string? SparedKey { get; init; }

    /// <summary>Model calls that the votes took.</summary>
    [JsonIgnore]
    public int Calls => CallsMade ?? (Yes + No + (Unparsed?.Count ?? 0));

    /// <summary>How the votes went.</summary>
    [JsonIgnore]
    public Majority Majority => Value switch
    {
        null => Majority.Undecided,
        > 0.5 => Majority.Yes,
        < 0.5 => Majority.No,
        _ => Majority.Tie,
    };

    /// <summary>Share of yes among the votes that could be read, or the probability of yes, 0..1; null when undecided.</summary>
    [JsonIgnore]
    public double? Value => Probability ?? (Yes + No == 0 ? null : (double)Yes / (Yes + No));

    /// <summary>True when there was a majority, but not all votes agreed; of a probability, when it is neither near 0 nor near 1.</summary>
    [JsonIgnore]
    public bool Disputed => Probability is { } probability
        ? probability is > Agreement and < 1 - Agreement and not 0.5
        : Yes > 0 && No > 0 && Yes != No;

    /// <summary>Counts votes.</summary>
    /// <param name="judgements">In the order in which they were asked for.</param>
    public static Valuation Of(IReadOnlyList<Judgement> judgements)
    {
        Valuation counted = new Valuation(0, 0, null).With(judgements);
        bool wanted = counted.Yes > counted.No;
        return counted with { Critique = judgements.FirstOrDefault(judgement => judgement.Verdict == wanted)?.Critique };
    }

    /// <summary>The same with more votes counted; the critique stays.</summary>
    /// <param name="judgements">The votes to add.</param>
    internal Valuation With(IReadOnlyList<Judgement> judgements)
    {
        string[] unparsed = [.. Unparsed ?? [], .. judgements.Where(judgement => judgement.Unparsed is not null).Select(judgement => judgement.Unparsed!)];
        return this with
        {
            Yes = Yes + judgements.Count(judgement => judgement.Verdict == true),
            No = No + judgements.Count(judgement => judgement.Verdict == false),
            Unparsed = unparsed.Length == 0 ? null : unparsed,
        };
    }
}
