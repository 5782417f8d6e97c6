using System.Text.Json.Serialization;
using Spar.Judging;
using Spar.SelfPlay;

namespace Spar.Experiments.Decoding;

/// <summary>A response that a strategy generated.</summary>
/// <param name="Value">What the judge gave it, 0..1.</param>
/// <param name="Passed">Whether its value passed the gate.</param>
/// <param name="Right">Whether it does satisfy its instruction.</param>
public readonly record struct ValuedResponse(double Value, bool Passed, bool Right);

/// <summary>All strategies on one prompt.</summary>
/// <param name="Strategies">
/// Strategy to its responses in the order of generation; the first is the greedy response for all of them.
/// </param>
/// <param name="Ballots">
/// The votes on single samples, for accuracy by number of votes: verdicts in the order of the votes (null: unreadable),
/// and the truth.
/// </param>
public sealed record DecodingRecord(
    IReadOnlyDictionary<string, IReadOnlyList<ValuedResponse>> Strategies, IReadOnlyList<SampleBallot> Ballots)
{
    /// <summary>
    /// What a strategy would answer had it ended after a number of responses: the first that passed, or else the one of
    /// the highest value. Best-of-N never ends early: it takes the highest value.
    /// </summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="count">Responses that it may generate, at least 1.</param>
    public ValuedResponse Answer(string strategy, int count)
    {
        ValuedResponse[] known = [.. Of(strategy).Take(count)];
        int passed = FirstPassed(strategy, known);
        return passed >= 0 ? known[passed] : known.MaxBy(response => response.Value);
    }

    /// <summary>Responses that a strategy does generate when it may generate a number of them.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="count">Responses that it may generate, at least 1.</param>
    public int Generated(string strategy, int count)
    {
        ValuedResponse[] known = [.. Of(strategy).Take(count)];
        int passed = FirstPassed(strategy, known);
        return passed >= 0 ? passed + 1 : known.Length;
    }

    private IReadOnlyList<ValuedResponse> Of(string strategy) =>
        Strategies[strategy == DecodingMeasurement.UntilPassed ? DecodingMeasurement.BestOfN : strategy];

    private static int FirstPassed(string strategy, ValuedResponse[] known) =>
        strategy == DecodingMeasurement.BestOfN ? -1 : Array.FindIndex(known, response => response.Passed);
}

/// <summary>The votes on one sample.</summary>
/// <param name="Verdicts">One a vote; null where it could not be read.</param>
/// <param name="Right">Whether the sample satisfies its instruction.</param>
public sealed record SampleBallot(IReadOnlyList<bool?> Verdicts, bool Right)
{
    /// <summary>Whether the majority of the first votes is right; a tie, or nothing readable, is not.</summary>
    /// <param name="votes">How many votes.</param>
    public bool MajorityIsRight(int votes)
    {
        int yes = Verdicts.Take(votes).Count(verdict => verdict == true);
        int no = Verdicts.Take(votes).Count(verdict => verdict == false);
        return Gate.Majority.VerdictOn(new Valuation(yes, no, null)) == (Right ? Verdict.Yes : Verdict.No);
    }
}

/// <summary>The measurement's product: records are the stage's items.</summary>
/// <param name="Prompts">Prompts that were measured.</param>
internal sealed record DecodingProduct(int Prompts) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => StageStatistics.None;
}
