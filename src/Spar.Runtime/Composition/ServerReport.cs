using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;

namespace Spar.Runtime.Composition;

/// <summary>
/// What a recipe's servers say before a run: whether they are there, know the model and take the key. Of a pool one
/// server is enough to begin with; one that refuses is a fault.
/// </summary>
/// <param name="Faults">What keeps a run from beginning, with the key that it belongs to.</param>
/// <param name="Warnings">Servers that are not there yet, a sentence each.</param>
internal sealed record ServerReport(
    IReadOnlyList<(string Key, UserFaultException Fault)> Faults, IReadOnlyList<string> Warnings)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Asks every server one short question, and first for the model's name where the recipe leaves that out: it is
    /// written into the recipe.
    /// </summary>
    /// <param name="recipe">A recipe that was just read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ServerReport> AskAsync(RunRecipe recipe, CancellationToken cancellationToken)
    {
        (string Key, string Text)[] served =
        [
            .. ModelFiles.Named(recipe)
                .Where(model => ModelReference.IsServed(model.Text))
                .DistinctBy(model => model.Text),
        ];
        One[] found = await Task
            .WhenAll(served.Select(model => AskAsync(model.Text, recipe.Servers, cancellationToken)))
            .ConfigureAwait(false);
        Dictionary<string, string> names = served.Zip(found).Where(pair => pair.Second.Reference is not null)
            .ToDictionary(pair => pair.First.Text, pair => pair.Second.Reference!, StringComparer.Ordinal);
        RecipeKeys.Rewrite(
            recipe,
            (referent, text) =>
                referent.IsModel() ? names.GetValueOrDefault(text, text) : text);
        return new ServerReport(
            [.. served.Zip(found).SelectMany(pair => pair.Second.Faults.Select(fault => (pair.First.Key, fault)))],
            [.. served.Zip(found).SelectMany(pair => pair.Second.Warnings.Select(one => $"{pair.First.Key}: {one}"))]);
    }

    private static async Task<One> AskAsync(string text, ServerSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            ModelReference reference = ModelReference.Resolve(text);
            IReadOnlyList<ServedEndpoint> endpoints = await ModelNames.CompleteAsync(
                ServedModels.Endpoints(reference, settings), TimeProvider.System, cancellationToken)
                .ConfigureAwait(false);
            UserFaultException?[] faults = await Task
                .WhenAll(endpoints.Select(one => AskAsync(one, cancellationToken))).ConfigureAwait(false);
            UserFaultException[] refusals = [.. faults.OfType<RefusedCallException>()];
            UserFaultException[] away = [.. faults.OfType<UserFaultException>().Except(refusals)];
            bool none = faults.All(fault => fault is not null);
            return new One(
                reference.ServedName is null ? reference.Named(endpoints[0].Model).Location : null,
                [.. refusals, .. none ? away : []],
                none ? [] : [.. away.Select(fault =>
                    $"{fault.Message.TrimEnd('.')}. The run begins with the pool's other servers.")]);
        }
        catch (UserFaultException fault)
        {
            return new One(null, [fault], []);
        }
    }

    private static async Task<UserFaultException?> AskAsync(
        ServedEndpoint endpoint, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            using EndpointChatClient client = new(endpoint);
            await client.GetResponseAsync("Say yes.", new ChatOptions { MaxOutputTokens = 1 }, patience.Token)
                .ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SparException(
                $"{endpoint.Name} did not answer within "
                + $"{s_patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} seconds. Check that the server is up");
        }
        catch (UserFaultException fault)
        {
            return fault;
        }
    }

    private sealed record One(
        string? Reference, IReadOnlyList<UserFaultException> Faults, IReadOnlyList<string> Warnings);
}
