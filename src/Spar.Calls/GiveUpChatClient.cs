using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// How many calls failed with none answered between them; stacks that share it give up together. Used from many
/// threads.
/// </summary>
public sealed class FailureStreak
{
    private int _failures;

    /// <summary>A new count.</summary>
    /// <param name="limit">Failures in a row at which the backend is taken for gone, at least 1.</param>
    public FailureStreak(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        Limit = limit;
    }

    /// <summary>Failures in a row at which the backend is taken for gone.</summary>
    public int Limit { get; }

    /// <summary>True once the limit was reached.</summary>
    public bool Ended { get; private set; }

    /// <summary>
    /// The project's rule: 32 failures, or two for each call that may be in flight where that is more.
    /// </summary>
    /// <param name="concurrency">Most calls in flight.</param>
    public static FailureStreak For(int concurrency) => new(Math.Max(32, 2 * concurrency));

    internal void Succeeded() => Volatile.Write(ref _failures, 0);

    /// <summary>Counts one more; true when it is the last.</summary>
    internal bool Failed(out int failures)
    {
        failures = Interlocked.Increment(ref _failures);
        Ended |= failures >= Limit;
        return Ended;
    }
}

/// <summary>So many calls failed in a row that going on is pointless.</summary>
/// <param name="message">How many, and why the last one did.</param>
/// <param name="innerException">The last failure; null when no further call was made.</param>
public sealed class GivenUpException(string message, Exception? innerException = null)
    : RunFaultException(message, innerException);

/// <summary>
/// Turns what goes wrong in a call into a <see cref="CallFailedException"/> with the call's name, and gives up after
/// so many failures in a row.
/// </summary>
/// <param name="inner">Is asked.</param>
/// <param name="streak">Counts failures.</param>
public sealed class GiveUpChatClient(IChatClient inner, FailureStreak streak) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="GivenUpException">The limit is reached; from then on no call is made.</exception>
    /// <exception cref="RunFaultException">A fault that is not the call's; it passes as it is.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        if (streak.Ended)
        {
            throw new GivenUpException($"{streak.Limit} model calls failed in a row, so no more are made.");
        }

        ChatResponse response;
        try
        {
            response = await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not RunFaultException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw streak.Failed(out int failures)
                ? new GivenUpException(
                    $"{failures} model calls failed in a row, the last with: {fault.Message} Mend the endpoint and "
                        + "run the "
                        + "same command again; what was answered so far is kept.",
                    fault
                )
                : fault as CallFailedException ?? new CallFailedException(options.Call()?.Key ?? "", fault);
        }

        streak.Succeeded();
        return response;
    }
}

/// <summary>Adds <see cref="GiveUpChatClient"/> to a stack.</summary>
public static class GiveUpChatClientBuilderExtensions
{
    /// <summary>Names failures, and gives up after so many in a row.</summary>
    /// <param name="builder">The stack.</param>
    /// <param name="streak">Counts failures; several stacks may share it.</param>
    public static ChatClientBuilder UseGiveUp(this ChatClientBuilder builder, FailureStreak streak) =>
        builder.Use(inner => new GiveUpChatClient(inner, streak));
}
