using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;

namespace Spar.Methods;

/// <summary>Where preference pairs are made: pure functions of what was played or scored, and of a seed.</summary>
internal static class PreferencePairs
{
    /// <summary>
    /// SPaR's pair: the response that refinement found, against the actor's negative that it was refined from.
    /// </summary>
    /// <param name="record">A prompt's play.</param>
    /// <param name="refinement">What the chosen side is; without refinement it is another sample that passed.</param>
    /// <param name="gate">Tells the samples that passed.</param>
    /// <param name="seed">Decides which of several samples it is.</param>
    /// <returns>
    /// The pair, and whether the judge was at odds with itself over the chosen side; null when there is no pair.
    /// </returns>
    public static (PreferencePair Pair, bool Disputed)? OfPlay(
        PlayRecord record, RefinementKind refinement, Gate gate, ulong seed) =>
        record.Negative is { } negative && Chosen(record, refinement, gate, seed) is { } chosen
            ? (new PreferencePair(record.PromptId, record.Prompt, chosen.Response, record.Responses[negative].Text!)
            {
                Context = record.Context,
                RejectedCutOff = record.Responses[negative].IsCutOff ? true : null,
            },
                chosen.Valuation.Disputed)
            : null;

    /// <summary>
    /// A sample of the highest value against one of the lowest, drawn among equals; null when all have the same value.
    /// </summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="responses">Its samples; those without a value are left out.</param>
    /// <param name="seed">Decides among equals.</param>
    public static PreferencePair? BestAgainstWorst(Prompt prompt, IReadOnlyList<PlayedResponse> responses, ulong seed)
    {
        PlayedResponse[] scored = [.. responses.Where(response => response.Valuation?.Value is not null)];
        if (scored.Length == 0)
        {
            return null;
        }

        double best = scored.Max(response => response.Valuation!.Value!.Value);
        double worst = scored.Min(response => response.Valuation!.Value!.Value);
        return best == worst ? null : AnyAgainstAny(prompt, Of(best), Of(worst), seed);

        string[] Of(double value) =>
            [.. scored.Where(response => response.Valuation!.Value == value).Select(response => response.Text!)];
    }

    /// <summary>A good response against a bad one, drawn; null when there is none of either.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="good">Any of them may be chosen.</param>
    /// <param name="bad">Any of them may be rejected.</param>
    /// <param name="seed">Decides which.</param>
    public static PreferencePair? AnyAgainstAny(
        Prompt prompt, IReadOnlyList<string> good, IReadOnlyList<string> bad, ulong seed)
    {
        if (good.Count == 0 || bad.Count == 0)
        {
            return null;
        }

        SeededRandom random = new(seed);
        string chosen = good[random.Next(good.Count)];
        return new PreferencePair(prompt.Id, prompt.Text, chosen, bad[random.Next(bad.Count)])
        {
            Context = prompt.Context,
        };
    }

    private static (string Response, Valuation Valuation)? Chosen(
        PlayRecord record, RefinementKind refinement, Gate gate, ulong seed)
    {
        if (refinement != RefinementKind.None)
        {
            return record.Tree is { Found: { } found } tree
                ? (tree.Node(found).Response, tree.Node(found).Valuation!) : null;
        }

        PlayedResponse[] passed = [.. record.Responses.Where(response => gate.Passes(response.Valuation))];
        if (passed.Length == 0)
        {
            return null;
        }

        PlayedResponse chosen =
            passed[new SeededRandom(StableHash.Seed(seed, $"chosen/{record.PromptId}")).Next(passed.Length)];
        return (chosen.Text!, chosen.Valuation!);
    }
}
