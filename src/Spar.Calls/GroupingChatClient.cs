using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// A chat client that gives several answers to one request: where a call's options name seeds
/// (<see cref="CallProperties.WithSeeds"/>), its response brings an answer for each
/// (<see cref="CallProperties.Answers"/>), as far as the backend gave them.
/// </summary>
public interface IManyAnswersClient : IChatClient;

/// <summary>Requests that were spared because one brought the answers to several calls. Used from many threads.</summary>
public sealed class SparedRequests
{
    private long _count;

    /// <summary>How many.</summary>
    public long Count => Interlocked.Read(ref _count);

    internal void Add() => Interlocked.Increment(ref _count);
}

/// <summary>
/// Asks for the answers to a group of calls (<see cref="CallGroup"/>) with one request, where the model's backend can do
/// that (<see cref="IManyAnswersClient"/>). Calls that the request left without an answer are made alone; a backend that
/// never gives more than one is not asked for more any longer. Until a backend has shown that its answers to one request
/// differ, answers that are all the same are not taken for several: it may have drawn them with one seed.
/// </summary>
/// <param name="inner">Is asked.</param>
/// <param name="spared">Counts; several stacks may share it.</param>
public sealed class GroupingChatClient(IChatClient inner, SparedRequests spared) : DelegatingChatClient(inner)
{
    // Answers that are the same and shorter than this may be so by chance.
    private const int TellingLength = 64;

    private readonly bool _groups = inner.GetService(typeof(IManyAnswersClient)) is not null;
    private volatile bool _differed;
    private volatile bool _declined;

    /// <inheritdoc/>
    /// <exception cref="CallFailedException">The call failed, or the request for its group did.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (!_groups || _declined || options.Place() is not { } place)
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<ChatResponse?> answers;
        bool refused = false;
        try
        {
            answers = await place.Group.AskOnce(async () =>
            {
                ChatOptions together = options!.Clone().WithSeeds(place.Group.Seeds);
                together.Seed = place.Group.Seeds[0];
                ChatResponse response = await base.GetResponseAsync(messages, together, cancellationToken)
                    .ConfigureAwait(false);
                return Believed(response.Answers() ?? [response], place.Group.Seeds.Count);
            }).ConfigureAwait(false);
        }
        catch (CallFailedException fault) when (fault.InnerException is RefusedCallException)
        {
            // Some servers refuse to give more than one answer; alone, the call shows whether that was the reason.
            (answers, refused) = ([], true);
        }
        catch (CallFailedException fault) when (options.Call()?.Key is { } key && key != fault.Key)
        {
            throw new CallFailedException(key, fault.InnerException!);
        }

        if (place.Place < answers.Count && answers[place.Place] is { } mine)
        {
            if (place.Group.ServedAnother())
            {
                spared.Add();
            }

            return mine;
        }

        ChatResponse alone = await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        _declined |= refused;
        return alone;
    }

    private IReadOnlyList<ChatResponse?> Believed(IReadOnlyList<ChatResponse?> answers, int wanted)
    {
        ChatResponse[] given = [.. answers.Take(wanted).OfType<ChatResponse>()];
        _declined |= given.Length < 2;
        _differed |= given.Select(answer => answer.Text).Distinct(StringComparer.Ordinal).Skip(1).Any();
        return _differed || given.Length < 2 || given[0].Text.Length < TellingLength ? answers : [answers[0]];
    }
}

/// <summary>Adds <see cref="GroupingChatClient"/> to a stack.</summary>
public static class GroupingChatClientBuilderExtensions
{
    /// <summary>
    /// Asks for groups of calls with one request each, where the model can; stands inside of the memo, so that each call
    /// keeps its own answer, and outside of the bound on calls in flight, which counts requests.
    /// </summary>
    /// <param name="builder">The stack.</param>
    /// <param name="spared">Counts; several stacks may share it.</param>
    public static ChatClientBuilder UseGrouping(this ChatClientBuilder builder, SparedRequests spared) =>
        builder.Use(inner => new GroupingChatClient(inner, spared));
}
