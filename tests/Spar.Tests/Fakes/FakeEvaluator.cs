using Spar.Decoding;
using Spar.Ground;
using Spar.SelfPlay;

namespace Spar.Tests.Fakes;

/// <summary>Decodes a few prompts and measures something that depends on every answer.</summary>
internal sealed class FakeEvaluator : IRunEvaluator
{
    public int Items => 3;

    public async Task<EvaluationRow> EvaluateAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        Recipe recipe = context.Recipe;
        DecodingSettings settings = new(
            recipe.Respond, recipe.Judge, recipe.Refine, recipe.Votes, recipe.Responses, recipe.Search);
        IDecodingStrategy bfs = DecodingStrategies.Create(
            "bfs", context.Actor, context.Refiner, context.Templates, settings);
        ulong all = 0;
        for (int i = 0; i < Items; i++)
        {
            Decoded decoded = await bfs.DecodeAsync($"eval/{context.Row}/p{i}", $"held out {i}", cancellationToken);
            all = StableHash.Seed(all, decoded.Response);
            context.ItemFinished(false);
        }

        double share = (all >> 11) * (1.0 / (1UL << 53));
        return new EvaluationRow(context.Row, share, share, share, share, share, Items);
    }
}
