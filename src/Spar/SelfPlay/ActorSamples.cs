using System.Collections.Concurrent;
using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>An actor's responses to a prompt, each judged as soon as it is there.</summary>
internal static class ActorSamples
{
    /// <summary>
    /// Samples as many responses as the recipe says. A response whose call failed says so; it is not thrown.
    /// </summary>
    public static async Task<IReadOnlyList<PlayedResponse>> DrawAsync(
        Recipe recipe, int iteration, int item, Prompt prompt, ModelCaller actor, IJudge judge,
        CancellationToken cancellationToken)
    {
        // Equal responses of one prompt are judged once. Their key comes from the text, so that it does not matter
        // which came first.
        ConcurrentDictionary<string, Lazy<Task<Valuation>>> votes = new(StringComparer.Ordinal);
        IReadOnlyList<Task<Answer>> answers = actor.AskEach(
            [.. Enumerable.Range(0, recipe.Responses).Select(k => Key(iteration, item, k))], prompt, recipe.Respond,
            cancellationToken);
        return await Task.WhenAll(answers.Select(async asked =>
        {
            string? text = null;
            try
            {
                AnswerReading reading = (await asked.ConfigureAwait(false)).Read();
                text = reading.Text;
                if (reading.Incomplete is { } why)
                {
                    return new PlayedResponse(text, null) { Incomplete = why };
                }

                string key = string.Create(
                    CultureInfo.InvariantCulture, $"it{iteration}/judge/p{item}/{StableHash.Of(text):x16}");
                Valuation valuation = await votes.GetOrAdd(
                    text, _ => new(() => judge.JudgeAsync(key, prompt.Instruction, reading.Text, cancellationToken)))
                    .Value.ConfigureAwait(false);
                return new PlayedResponse(text, valuation);
            }
            catch (CallFailedException failure)
            {
                return new PlayedResponse(text, null, failure.Message);
            }
        })).ConfigureAwait(false);
    }

    /// <summary>Counts a prompt's responses by verdict, and those that got lost.</summary>
    public static void Count(Prompt prompt, IReadOnlyList<PlayedResponse> responses, Gate gate, Counts counts)
    {
        for (int k = 0; k < responses.Count; k++)
        {
            counts.Add("responses");
            if (responses[k].Failure is { } failure)
            {
                counts.Fail($"{prompt.Id}, response {k}", failure);
            }
            else if (responses[k].Incomplete is { } why)
            {
                counts.Add(LeftOut(why));
            }
            else
            {
                counts.Add(VerdictCounts.OfSample(gate.VerdictOn(responses[k].Valuation!)));
            }
        }
    }

    /// <summary>What the statistics call responses that are not complete.</summary>
    /// <param name="why">Why they are not.</param>
    public static string LeftOut(string why) => $"responses left out: {why}";

    /// <summary>The name of the call for one response.</summary>
    public static string Key(int iteration, int item, int k) => $"it{iteration}/respond/p{item}/k{k}";
}
