using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Judging;
using Spar.Prompts;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>The models in use: opened when first asked for, closed together before training needs the room.</summary>
internal sealed class OpenModels(IModelHost host, CallSession session) : IAsyncDisposable
{
    private readonly Dictionary<string, IChatClient> _clients = new(StringComparer.Ordinal);

    public async Task<ModelCaller> OpenAsync(string model, CancellationToken cancellationToken)
    {
        if (!_clients.TryGetValue(model, out IChatClient? client))
        {
            client = await host.OpenAsync(model, cancellationToken).ConfigureAwait(false);
            _clients.Add(model, client);
        }

        return new ModelCaller(client, session);
    }

    /// <summary>The run's judge: the models that the recipe names, or else the refiner.</summary>
    public async Task<IJudge> OpenJudgeAsync(
        string refiner, Recipe recipe, PromptSet prompts, IConstraintVerifier? verifier, CancellationToken cancellationToken)
    {
        List<ModelCaller> judges = [];
        foreach (string judge in recipe.Judging.Judges.DefaultIfEmpty(JudgingSettings.Refiner))
        {
            judges.Add(await OpenAsync(judge == JudgingSettings.Refiner ? refiner : judge, cancellationToken).ConfigureAwait(false));
        }

        return recipe.Judging.Create(judges, prompts, recipe.Decoding(), verifier);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IChatClient client in _clients.Values)
        {
            if (client is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                client.Dispose();
            }
        }

        _clients.Clear();
    }
}
