using Spar.Calls;
using Spar.Judging;
using Spar.Seams;

namespace Spar.Experiments;

/// <summary>One judge on the same responses as the others.</summary>
/// <param name="Name">What the judge is called.</param>
/// <param name="Calls">Model calls that its verdicts took.</param>
/// <param name="CallsSaved">
/// Share of the reference's calls that it does without, at most 1; below 0 where it takes more.
/// </param>
/// <param name="Agreement">Share of the responses on which its verdict is the reference's, 0..1.</param>
/// <param name="Quality">Its verdicts against the truth.</param>
/// <param name="Reliability">Its values against the truth.</param>
public sealed record JudgeComparisonRow(
    string Name, int Calls, double CallsSaved, double Agreement, JudgeQuality Quality, Reliability Reliability);

/// <summary>What a comparison came to.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Responses">Responses that every judge judged.</param>
/// <param name="Satisfied">Share of them that do satisfy their instruction, 0..1.</param>
/// <param name="Rows">The judges in order, the reference first.</param>
public sealed record JudgeComparisonResult(
    ulong Seed, int Responses, double Satisfied, IReadOnlyList<JudgeComparisonRow> Rows);

/// <summary>
/// Lets several judges judge the same responses: an actor's own samples. Judges that ask the same calls share the
/// answers where the session's memo does (<see cref="SharedMemo"/>), so that they differ by nothing but their rule.
/// </summary>
/// <param name="actor">The model that answers; the names of its calls begin with respond/.</param>
/// <param name="respond">How its responses are sampled.</param>
/// <param name="samples">Responses a prompt, at least 1; equal responses of a prompt count once.</param>
/// <param name="judges">
/// The judges with their names, the reference first; the names of their calls begin with judge/.
/// </param>
/// <param name="truth">Knows what is right; responses that it cannot decide are left out.</param>
/// <param name="gate">Decides verdicts.</param>
public sealed class JudgeComparison(
    ModelCaller actor, Sampling respond, int samples, IReadOnlyList<(string Name, IJudge Judge)> judges,
    IConstraintVerifier truth,
    Gate gate)
{
    /// <summary>Compares.</summary>
    /// <param name="prompts">The prompts, at least 1.</param>
    /// <param name="itemFinished">Called at the end of each prompt.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">A call failed.</exception>
    public async Task<JudgeComparisonResult> RunAsync(
        IReadOnlyList<Prompt> prompts, Action itemFinished, CancellationToken cancellationToken)
    {
        JudgedResponse[] judged = [.. (await Task.WhenAll(prompts.Select(async (prompt, p) =>
        {
            JudgedResponse[] each = await JudgeAsync(p, prompt, cancellationToken).ConfigureAwait(false);
            itemFinished();
            return each;
        })).ConfigureAwait(false)).SelectMany(each => each)];
        int referenceCalls = judged.Sum(one => one.Valuations[0].Calls);
        return new JudgeComparisonResult(
            actor.Session.Seed,
            judged.Length,
            judged.Length == 0 ? 0 : judged.Count(one => one.Right) / (double)judged.Length,
            [.. judges.Select((judge, j) => new JudgeComparisonRow(
                judge.Name,
                judged.Sum(one => one.Valuations[j].Calls),
                referenceCalls == 0 ? 0 : 1 - (judged.Sum(one => one.Valuations[j].Calls) / (double)referenceCalls),
                judged.Length == 0 ? 0 : judged.Count(
                    one => gate.VerdictOn(one.Valuations[j]) == gate.VerdictOn(one.Valuations[0])) / (
                        double)judged.Length,
                JudgeQuality.Of([.. judged.Select(one => (one.Valuations[j], one.Right))], gate),
                Reliability.Of(judged.Select(one => (one.Valuations[j], one.Right)))))]);
    }

    private async Task<JudgedResponse[]> JudgeAsync(int item, Prompt prompt, CancellationToken cancellationToken)
    {
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, samples)
            .Select(k => actor.AskAsync($"respond/p{item}/k{k}", prompt, respond, cancellationToken)))
                .ConfigureAwait(false);
        (string Text, bool? Right)[] responses = [
            .. answers.Select(answer => answer.Read()).Where(answer => answer.Complete).Select(answer => answer.Text)
                .Distinct(StringComparer.Ordinal)
                .Select(text => (text, Right(prompt, text)))];
        return await Task.WhenAll(
            responses.Select((response, k) => (response, k)).Where(one => one.response.Right is not null)
                .Select(async one =>
        {
            // One judge after the other, so that the later ones find the calls that they share with the earlier.
            List<Valuation> valuations = [];
            foreach ((_, IJudge judge) in judges)
            {
                valuations.Add(
                    await judge.JudgeAsync(
                        $"judge/p{item}/r{one.k}", prompt.Instruction, one.response.Text, cancellationToken)
                        .ConfigureAwait(false));
            }

            return new JudgedResponse(one.response.Right!.Value, valuations);
        })).ConfigureAwait(false);
    }

    private bool? Right(Prompt prompt, string response) => truth.Verify(prompt.Instruction, response).Outcome switch
    {
        VerificationOutcome.Followed => true,
        VerificationOutcome.NotFollowed => false,
        _ => null,
    };

    private sealed record JudgedResponse(bool Right, IReadOnlyList<Valuation> Valuations);
}
