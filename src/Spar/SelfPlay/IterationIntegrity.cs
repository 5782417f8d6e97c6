using System.Text.Json.Serialization;
using Spar.Judging;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>
/// How many of the responses that an iteration rewards trip a wire. Rewarded is what passed the judge: the actor's own
/// responses and the refinements that searches found, each counted once. Shares are 0..1; null where there is nothing
/// to share.
/// </summary>
/// <param name="Iteration">The iteration, from 1.</param>
/// <param name="Responses">The actor's responses.</param>
/// <param name="ResponsesTripped">Those of them that trip a wire, whether they passed or not.</param>
/// <param name="Rewarded">Responses that passed the judge.</param>
/// <param name="RewardedTripped">Those of them that trip a wire.</param>
/// <param name="Chosen">Those of the rewarded that a search found, and that become chosen responses of pairs.</param>
/// <param name="ChosenTripped">Those of them that trip a wire.</param>
/// <param name="Wires">Rewarded responses that trip each wire, by its name in alphabetical order.</param>
/// <param name="Taken">What the run did about it; null when it was not flagged.</param>
public sealed record IterationIntegrity(
    int Iteration,
    int Responses,
    int ResponsesTripped,
    int Rewarded,
    int RewardedTripped,
    int Chosen,
    int ChosenTripped,
    IReadOnlyDictionary<string, int> Wires,
    DriftAction? Taken = null)
{
    /// <summary>Fewest tripped responses that are called reward hacking.</summary>
    public const int FewestFlagged = 3;

    /// <summary>Share of the rewarded responses that trip a wire.</summary>
    public double? TrippedShare => Rewarded == 0 ? null : (double)RewardedTripped / Rewarded;

    /// <summary>Whether so many rewarded responses trip that it is called reward hacking.</summary>
    /// <param name="threshold">The share above which it is, 0..1.</param>
    public bool IsFlagged(double threshold) => RewardedTripped >= FewestFlagged && TrippedShare > threshold;

    /// <summary>Measures an iteration's play.</summary>
    /// <param name="iteration">The iteration, from 1.</param>
    /// <param name="records">Its play.</param>
    /// <param name="wires">Tell the signs.</param>
    /// <param name="gate">Decides what passed.</param>
    public static IterationIntegrity Of(
        int iteration, IEnumerable<PlayRecord> records, ITripWires wires, Gate gate)
    {
        SortedDictionary<string, int> tripped = new(StringComparer.Ordinal);
        int responses = 0, responsesTripped = 0, rewarded = 0, rewardedTripped = 0, chosen = 0, chosenTripped = 0;
        foreach (PlayRecord record in records)
        {
            foreach (PlayedResponse response in record.Responses.Where(response => response.Text is not null))
            {
                bool trips = Count(record.Prompt, response.Text!, gate.Passes(response.Valuation));
                responses++;
                responsesTripped += trips ? 1 : 0;
            }

            if (record.Tree is { Found: { } found } tree)
            {
                bool trips = Count(record.Prompt, tree.Node(found).Response, true);
                chosen++;
                chosenTripped += trips ? 1 : 0;
            }
        }

        return new IterationIntegrity(
            iteration, responses, responsesTripped, rewarded, rewardedTripped, chosen, chosenTripped, tripped);

        bool Count(string prompt, string response, bool isRewarded)
        {
            IReadOnlyList<string> names = wires.Trip(prompt, response);
            if (isRewarded)
            {
                rewarded++;
                rewardedTripped += names.Count > 0 ? 1 : 0;
                foreach (string name in names)
                {
                    tripped[name] = tripped.GetValueOrDefault(name) + 1;
                }
            }

            return names.Count > 0;
        }
    }
}

/// <summary>Product of <see cref="StageNames.Integrity"/>.</summary>
/// <param name="Integrity">What was rewarded.</param>
public sealed record IntegrityProduct(IterationIntegrity Integrity) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => StageStatistics.None;
}
