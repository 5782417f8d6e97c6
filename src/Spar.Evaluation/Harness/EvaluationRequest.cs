using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Evaluation.Harness;

/// <summary>How an answer is to be sampled.</summary>
/// <param name="MaxTokens">Most new tokens, at least 1.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Nucleus, above 0 and at most 1.</param>
/// <param name="Stop">Texts that end the answer; null for none.</param>
public sealed record SamplingOptions(
    int MaxTokens,
    double Temperature = 0,
    double TopP = 1,
    IReadOnlyList<string>? Stop = null
);

/// <summary>One thing that a benchmark asks a model.</summary>
/// <param name="Id">Unique within the benchmark.</param>
/// <param name="Messages">What is sent.</param>
/// <param name="Sampling">How to sample the answer.</param>
/// <param name="Choices">
/// Continuations to compare by log-likelihood where the backend can (<see cref="IChoiceScorer"/>); null where an
/// answer is generated.
/// </param>
public sealed record EvaluationRequest(
    string Id,
    IReadOnlyList<ChatMessage> Messages,
    SamplingOptions Sampling,
    IReadOnlyList<string>? Choices = null
)
{
    /// <summary>A request that is one user message.</summary>
    /// <param name="id">Unique within the benchmark.</param>
    /// <param name="prompt">The message.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="choices">See <see cref="Choices"/>.</param>
    public static EvaluationRequest User(
        string id,
        string prompt,
        SamplingOptions sampling,
        IReadOnlyList<string>? choices = null
    ) => new(id, [new ChatMessage(ChatRole.User, prompt)], sampling, choices);

    /// <summary>Text of the last message.</summary>
    public string Prompt => Messages[^1].Text;

    /// <summary>The options of the call that asks for it.</summary>
    /// <param name="seed">The run's seed, from which and from the id the call's own is derived.</param>
    public ChatOptions ToOptions(long seed)
    {
        ChatOptions options = new()
        {
            Temperature = (float)Sampling.Temperature,
            TopP = (float)Sampling.TopP,
            MaxOutputTokens = Sampling.MaxTokens,
            StopSequences = Sampling.Stop is { Count: > 0 } stop ? [.. stop] : null,
            Seed = StableHash.Sha256Seed(seed, Id),
        };
        return Choices is { } choices ? options.WithCall(Call).WithChoices(choices) : options.WithCall(Call);
    }

    /// <summary>What the call is known by.</summary>
    public CallIdentity Call => new(Id, Fingerprint());

    /// <summary>
    /// 64 bits that change when the messages, the sampling options or the choices change. Stored with every answer, so
    /// that
    /// an answer is never taken for the answer to another question.
    /// </summary>
    private ulong Fingerprint()
    {
        var text = new StringBuilder();
        foreach (ChatMessage message in Messages)
        {
            text.Append(message.Role.Value).Append('\0').Append(message.Text).Append('\0');
        }

        text.Append(FormattableString.Invariant($"{Sampling.MaxTokens} {Sampling.Temperature} {Sampling.TopP}"));
        foreach (string part in (Sampling.Stop ?? []).Concat(Choices ?? []))
        {
            text.Append('\0').Append(part);
        }

        return BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
