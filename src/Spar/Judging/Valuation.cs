using System.Text.Json.Serialization;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// What a response is worth to a judge: a share of votes, a probability, or a verifier's word (see
/// <see cref="IJudge"/>). Whether it is worth enough is for the <see cref="Gate"/> to say.
/// </summary>
/// <param name="Yes">Votes for yes.</param>
/// <param name="No">Votes for no.</param>
/// <param name="Critique">
/// The first critique that agrees with the gate's verdict; at a tie the first that says no, for that is what a
/// refinement needs; null when undecided.
/// </param>
/// <param name="Unparsed">Reasons why votes could not be read, one entry a vote; null when all could.</param>
public sealed record Valuation(int Yes, int No, string? Critique, IReadOnlyList<string>? Unparsed = null)
{
    /// <summary>
    /// A probability up to this far from 0 or 1 counts as agreement: five votes drawn with it are more likely than not
    /// to be unanimous (1 - 0.5^(1/5)).
    /// </summary>
    private const double Agreement = 0.13;

    /// <summary>Probability of yes, 0..1, where the value is one instead of a share of votes; else null.</summary>
    public double? Probability { get; init; }

    /// <summary>True when a verifier gave the verdict, not a model; else null.</summary>
    public bool? Verified { get; init; }

    /// <summary>Model calls that the votes took, where it is not one a vote; else null.</summary>
    public int? CallsMade { get; init; }

    /// <summary>The end of the first judgement that could not be read, for people; null where all could.</summary>
    [JsonIgnore]
    public string? Unreadable { get; init; }

    /// <summary>
    /// The response's key while votes on it were spared (<see cref="IJudge.CompleteAsync"/>); null when all were cast.
    /// Not kept in the store.
    /// </summary>
    [JsonIgnore]
    internal string? SparedKey { get; init; }

    /// <summary>Model calls that the votes took.</summary>
    [JsonIgnore]
    public int Calls => CallsMade ?? (Yes + No + (Unparsed?.Count ?? 0));

    /// <summary>
    /// Share of yes among the votes that could be read, or the probability of yes, 0..1; null when undecided.
    /// </summary>
    [JsonIgnore]
    public double? Value => Probability ?? (Yes + No == 0 ? null : (double)Yes / (Yes + No));

    /// <summary>True when not all votes agreed; of a probability, when it is neither near 0 nor near 1.</summary>
    [JsonIgnore]
    public bool Disputed => Probability is { } probability
        ? probability is > Agreement and < 1 - Agreement : Yes > 0 && No > 0;

    /// <summary>Counts votes.</summary>
    /// <param name="judgements">In the order in which they were asked for.</param>
    /// <param name="gate">Decides which critique is kept.</param>
    public static Valuation Of(IReadOnlyList<Judgement> judgements, Gate gate)
    {
        Valuation counted = new Valuation(0, 0, null).With(judgements);
        bool passed = gate.Passes(counted);
        return counted with
        {
            Critique = judgements.FirstOrDefault(
            judgement => judgement.Verdict == passed)?.Critique
        };
    }

    /// <summary>
    /// Whether the critique argues for a verdict. That of votes always argues for the gate's; that of a probability
    /// argues for the likelier word, which another gate than 0.5 may overrule.
    /// </summary>
    /// <param name="passed">The verdict.</param>
    internal bool CritiqueArguesFor(bool passed) => Critique is not null && (Probability is null || Yes > No == passed);

    /// <summary>The same with more votes counted; the critique stays.</summary>
    /// <param name="judgements">The votes to add.</param>
    internal Valuation With(IReadOnlyList<Judgement> judgements)
    {
        string[] unparsed = [.. Unparsed ?? [], .. judgements.Select(judgement => judgement.Unparsed).OfType<string>()];
        return this with
        {
            Yes = Yes + judgements.Count(judgement => judgement.Verdict == true),
            No = No + judgements.Count(judgement => judgement.Verdict == false),
            Unparsed = unparsed.Length == 0 ? null : unparsed,
            Unreadable = Unreadable ?? judgements.FirstOrDefault(judgement => judgement.Unparsed is not null)?.Tail,
        };
    }
}
