using System.Threading.Channels;
using System.Threading.RateLimiting;
using Spar.Calls;

namespace Spar.Web.Serving;

/// <summary>
/// The answers to one request, on their way: the models write pieces as fast as they can, whoever reads them takes them
/// at a pace of its own, and the request's place in the server is free again as soon as the models are done.
/// </summary>
internal sealed class Generation
{
    private readonly Channel<Piece> _pieces = Channel.CreateUnbounded<Piece>(
        new UnboundedChannelOptions { SingleReader = true });

    private Generation()
    {
    }

    /// <summary>Takes a place in the server, and begins to answer.</summary>
    /// <param name="responder">Answers.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="places">The server's places.</param>
    /// <param name="cancellationToken">The client has left.</param>
    /// <exception cref="ApiFaultException">There is no place, and too many wait for one.</exception>
    public static async Task<Generation> BeginAsync(
        Responder responder, GenerationSettings settings, RateLimiter places, CancellationToken cancellationToken)
    {
        RateLimitLease lease = await places.AcquireAsync(1, cancellationToken).ConfigureAwait(false);
        if (!lease.IsAcquired)
        {
            lease.Dispose();
            throw new ApiFaultException(
                429, "The server is busy, and as many requests as it keeps wait already. Try again later.", null,
                "server_busy");
        }

        Generation generation = new();
        _ = generation.WriteAsync(responder, settings, lease, cancellationToken);
        return generation;
    }

    /// <summary>The pieces; ends with the fault that ended the answers, if one did.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public IAsyncEnumerable<Piece> ReadAsync(CancellationToken cancellationToken) =>
        _pieces.Reader.ReadAllAsync(cancellationToken);

    private async Task WriteAsync(
        Responder responder, GenerationSettings settings, RateLimitLease lease, CancellationToken cancellationToken)
    {
        using (lease)
        {
            try
            {
                await Task.WhenAll(Enumerable.Range(0, settings.Choices).Select(choice =>
                    responder.AnswerAsync(
                        settings, choice, piece => _pieces.Writer.TryWrite(piece), cancellationToken)))
                    .ConfigureAwait(false);
                _pieces.Writer.Complete();
            }
            catch (Exception fault)
            {
                _pieces.Writer.Complete(fault is CallFailedException { InnerException: { } inner } ? inner : fault);
            }
        }
    }
}
