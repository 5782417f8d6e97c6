using Spar.Calls;
using Spar.Ground;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>Asks servers which model they serve, where nobody said.</summary>
public static class ModelNames
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>The endpoints with the name of the one model that they serve.</summary>
    /// <param name="endpoints">Endpoints, of which some may have an empty name.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">
    /// They serve several models or none, or cannot be asked; the message lists what there is.
    /// </exception>
    public static async Task<IReadOnlyList<ServedEndpoint>> CompleteAsync(
        IReadOnlyList<ServedEndpoint> endpoints, TimeProvider time, CancellationToken cancellationToken)
    {
        if (endpoints.All(one => one.Model.Length > 0))
        {
            return endpoints;
        }

        (string? Name, UserFaultException? Fault)[] found = await Task
            .WhenAll(endpoints.Select(one => AskAsync(one, time, cancellationToken))).ConfigureAwait(false);
        string[] names = [.. found.Select(one => one.Name).OfType<string>().Distinct()];
        if (names.Length == 1)
        {
            return [.. endpoints.Select(one => one with { Model = one.Model.Length > 0 ? one.Model : names[0] })];
        }

        UserFaultException? fault = found.Select(one => one.Fault).FirstOrDefault(one => one is not null);
        throw fault is not null && names.Length == 0
            ? new SparException(fault.Message, fault)
            : new SparException(
                $"The servers {string.Join(", ", endpoints.Select(one => one.Address))} serve different models: "
                + $"{string.Join(", ", names)}. Name one, as in {endpoints[0].Address}#{names[0]}.");
    }

    private static async Task<(string? Name, UserFaultException? Fault)> AskAsync(
        ServedEndpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        if (endpoint.Model.Length > 0)
        {
            return (endpoint.Model, null);
        }

        using EndpointTransport transport = new(endpoint, time);
        using CancellationTokenSource patience = new(s_patience, time);
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            EndpointReply reply = await transport.GetAsync("models", either.Token).ConfigureAwait(false);
            string[] names =
            [
                .. (ReplyJson.Parse(reply.Body)?.Get("data")).Items()
                    .Select(model => model.Get("id").Text()).OfType<string>().Distinct(),
            ];
            string which = $"Name the model, as in {endpoint.Address}#{(names.Length > 0 ? names[0] : "name")}";
            return reply.Status is < 200 or >= 300
                ? (null, new SparException(
                    $"{endpoint.Address} does not say which models it serves (status {reply.Status}: "
                    + $"{ServerWords.Of(reply.Body)}). {which}."))
                : names.Length == 1 ? (names[0], null)
                : (null, new SparException(names.Length == 0
                    ? $"{endpoint.Address} serves no model, or does not say which. {which}."
                    : $"{endpoint.Address} serves {names.Length} models: "
                        + $"{ServerWords.OneLine(string.Join(", ", names))}. {which}."));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new SparException(
                $"{endpoint.Address} did not say within {s_patience.TotalSeconds} seconds which models it serves. Check "
                + "that the server is up."));
        }
        catch (UserFaultException fault)
        {
            return (null, new SparException(fault.Message.Replace(" (model )", "", StringComparison.Ordinal), fault));
        }
    }
}
