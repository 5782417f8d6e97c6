using System.Globalization;
using Polly;
using Polly.Timeout;
using Spar.Calls;
using Spar.Ground;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>
/// An endpoint of a pool: its client behind a limit of time, and what the pool knows of it. All that can be set is
/// guarded by the pool.
/// </summary>
/// <param name="endpoint">Where it is.</param>
/// <param name="most">Most calls that will ever be in flight.</param>
/// <param name="counts">Counts what it does.</param>
/// <param name="time">The clock.</param>
internal sealed class PooledEndpoint(ServedEndpoint endpoint, int most, EndpointCounts counts, TimeProvider time)
    : IDisposable
{
    /// <summary>How long an endpoint that is away may take to say that it is back.</summary>
    public static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    private static readonly ResiliencePropertyKey<TimeSpan> s_deadline = new("spar.deadline");

    private readonly ResiliencePipeline _timed = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddTimeout(new TimeoutStrategyOptions
        {
            TimeoutGenerator = call =>
                ValueTask.FromResult(call.Context.Properties.GetValue(s_deadline, Timeout.InfiniteTimeSpan)),
        })
        .Build();

    private readonly TracedEndpoint _client = new(new EndpointChatClient(endpoint, time));

    /// <summary>Where it is.</summary>
    public ServedEndpoint Endpoint { get; } = endpoint;

    /// <summary>Counts what it does.</summary>
    public EndpointCounts Counts => counts;

    /// <summary>How many calls it is given at once.</summary>
    public ConcurrencyLimit Limit { get; } = new(most, endpoint.Concurrency);

    /// <summary>Calls in flight.</summary>
    public int InFlight { get; set; }

    /// <summary>Calls answered so far.</summary>
    public long Answered { get; set; }

    /// <summary>Calls that found nobody, or took all their time, since it answered one.</summary>
    public int Missed { get; set; }

    /// <summary>When it left, by the clock; null while it is there.</summary>
    public long? AwaySince { get; set; }

    /// <summary>What it failed with last while it was leaving or away.</summary>
    public string LastFault { get; set; } = "";

    /// <summary>Why it is given no calls any more, ever; null where it may come back.</summary>
    public string? Expelled { get; set; }

    /// <summary>Whether it is given calls.</summary>
    public bool IsThere => AwaySince is null && Expelled is null;

    /// <summary>
    /// Whether a request may be given to it now. One that is to answer more calls than there is ever room for has an
    /// endpoint for itself.
    /// </summary>
    /// <param name="calls">Calls that it is to answer.</param>
    public bool HasRoomFor(int calls) => IsThere && (InFlight == 0 || InFlight + calls <= Limit.Now);

    /// <summary>How busy it is; who answers badly counts as busier.</summary>
    public double Load => (InFlight + 1) * (1 + Missed) / Endpoint.Weight;

    /// <summary>Asks once, within a limit of time.</summary>
    /// <typeparam name="T">What comes back.</typeparam>
    /// <param name="ask">Asks the client.</param>
    /// <param name="deadline">How long it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TransientFaultException">As the client's, or it took too long.</exception>
    public async Task<T> AskAsync<T>(
        Func<TracedEndpoint, CancellationToken, Task<T>> ask, TimeSpan deadline, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(s_deadline, deadline);
            return await _timed
                .ExecuteAsync(
                    async (call, client) => await ask(client, call.CancellationToken).ConfigureAwait(false),
                    context,
                    _client)
                .ConfigureAwait(false);
        }
        catch (TimeoutRejectedException fault)
        {
            string seconds = deadline.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
            throw new TransientFaultException(
                $"{Endpoint.Name} gave no answer within {seconds} seconds", null, fault)
            {
                Kind = TransientKind.TimedOut,
            };
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Whether it is there, by a question that costs it nothing.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is wrong; null where it is there.</returns>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(
                async (client, token) =>
                {
                    await client.ProbeAsync(token).ConfigureAwait(false);
                    return true;
                },
                ProbeTime,
                cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (TransientFaultException fault)
        {
            return fault.Message;
        }
        catch (UserFaultException)
        {
            // It says something: what, the next call will tell.
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
