using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>A recipe of the nano world whose run takes seconds: what tests of other things than the method begin with.</summary>
internal static class SmallRecipe
{
    /// <summary>The recipe, with a line end behind it, so that groups can follow.</summary>
    public static string Text { get; } =
        $$"""
        base_model: {{Path.Combine(SharedData.ProjectRoot, "models", "nano")}}
        prompt_set: compact
        sft_prompts: 8
        refiner_prompts: 8
        prompts_per_iteration: 6
        iterations: 1
        responses: 2
        votes: 1
        respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
        judge: { temperature: 0.7, top_p: 1, max_tokens: 200 }
        refine: { temperature: 0.7, top_p: 1, max_tokens: 200 }
        actor_sft: { learning_rate: 1e-4, epochs: 1, batch_size: 4 }
        refiner_sft: { learning_rate: 2e-5, epochs: 1, batch_size: 4 }
        dpo: { learning_rate: 1e-4, batch_size: 2 }
        rft: { learning_rate: 2e-5, epochs: 1, batch_size: 2 }
        nano: { held_out_prompts: 4, held_out_repairs: 2 }

        """;
}
