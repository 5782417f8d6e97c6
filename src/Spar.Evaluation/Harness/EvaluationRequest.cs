using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Evaluation.Harness;

/// <summary>One thing that a benchmark asks a model.</summary>
/// <param name="Id">Unique within the benchmark.</param>
/// <param name="Messages">What is sent.</param>
/// <param name="Sampling">How to sample the answer.</param>
/// <param name="Choices">
/// Continuations to compare by log-likelihood where the backend can (<see cref="IChoiceScorer"/>); null where an
/// answer is generated.
/// </param>
/// <param name="Stop">Texts that end the answer; null for none.</param>
public sealed record EvaluationRequest(
    string Id,
    IReadOnlyList<ChatMessage> Messages,
    Sampling Sampling,
    IReadOnlyList<string>? Choices = null,
    IReadOnlyList<string>? Stop = null
)
{
    /// <summary>A request that is one user message.</summary>
    /// <param name="id">Unique within the benchmark.</param>
    /// <param name="prompt">The message.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="choices">See <see cref="Choices"/>.</param>
    /// <param name="stop">See <see cref="Stop"/>.</param>
    public static EvaluationRequest User(
        string id,
        string prompt,
        Sampling sampling,
        IReadOnlyList<string>? choices = null,
        IReadOnlyList<string>? stop = null
    ) => new(id, [new ChatMessage(ChatRole.User, prompt)], sampling, choices, stop);

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
            StopSequences = Stop is { Count: > 0 } stop ? [.. stop] : null,
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
        foreach (string part in (Stop ?? []).Concat(Choices ?? []))
        {
            text.Append('\0').Append(part);
        }

        return BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
