using System.Globalization;
using System.Text;
using Spar.Calls;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Ground;
using Spar.Nano;
using Spar.Runtime.Nano;
using Spar.Templates;

namespace Spar.Runtime.Pretraining;

/// <summary>
/// The card of a nano model (README.md in its folder): what it is made of, what it was trained on, and how good it is
/// as an actor and, measured on the actor's own samples by kind of constraint, as a judge.
/// </summary>
public static class ModelCard
{
    private const int Tasks = 1000;

    /// <summary>Measures the model and writes its card.</summary>
    /// <param name="recipe">What it was made by.</param>
    /// <param name="options">Threads and sizes for measuring.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Engine.EngineException">The model cannot be loaded.</exception>
    public static async Task WriteAsync(
        PretrainRecipe recipe,
        EngineOptions options,
        CancellationToken cancellationToken
    )
    {
        using EmbeddedChatClient model = EmbeddedChatClient.Load(recipe.Output, options);
        using CallSession session = new(recipe.Seed, options.MaxSequences);
        ModelCaller caller = new(model, session);
        NanoMeasurer measurer = new(caller, caller, TemplateSet.Load(recipe.Prompts));
        IReadOnlyList<NanoTask> lines = NanoEvaluator.Tasks(Tasks, stories: 0);
        NanoMeasurement sampled = await measurer
            .MeasureAsync(lines, temperature: 0.9, () => { }, cancellationToken)
            .ConfigureAwait(false);
        using CallSession greedySession = new(recipe.Seed, options.MaxSequences);
        ModelCaller greedyCaller = new(model, greedySession);
        NanoMeasurement greedy = await new NanoMeasurer(greedyCaller, greedyCaller, TemplateSet.Load(recipe.Prompts))
            .MeasureAsync(lines, temperature: 0, () => { }, cancellationToken)
            .ConfigureAwait(false);
        string text = Text(
            recipe,
            ModelTensors
                .Shapes(ModelConfigFile.Load(Path.Combine(recipe.Output, "config.json")))
                .Sum(tensor => tensor.Shape.Aggregate(1L, (count, size) => count * size)),
            sampled,
            greedy
        );
        AtomicFile.Write(
            Path.Combine(recipe.Output, "README.md"),
            stream => stream.Write(Encoding.UTF8.GetBytes(text))
        );
    }

    private static string Text(PretrainRecipe recipe, long parameters, NanoMeasurement sampled, NanoMeasurement greedy)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.Append(
            culture,
            $"""
            # The nano model

            A Llama-type language model of {parameters
                / 1e6:0.00} million parameters ({recipe.Model.Layers} layers of width {recipe.Model.Hidden}, {recipe.Model.Heads} heads, feed-forward {recipe.Model.FeedForward}, tied head,
            context {recipe.Model.Context}, byte-level BPE) for trying out self-play in minutes. It knows one small world of writing tasks in plain English, and three kinds
            of text in it: answers, critiques that end in a verdict, and refinements. Its answers are those of a careless writer, on purpose: following
            instructions is what self-play is to teach it. It is of no use for anything else.

            Made by `spar pretrain recipes/nano-pretrain.yaml`: {recipe.Training.Tokens
                / 1e6:0} million tokens of text that a program wrote (`src/Spar.Nano`), seed {recipe.Seed}.
            All text is the project's own.

            ## Try it
            `spar generate "write a line about the sea. use exactly 6 words."`

            ## How good it is
            On {sampled.Count} held-out tasks that ask for a line, checked exactly. The judge is the same model, one greedy judgement a response, measured on the actor's own responses.

            | actor | tasks fully satisfied | judge's verdict right | wrong responses accepted | right responses rejected |
            | --- | --- | --- | --- | --- |
            | greedy | {100 * greedy.Satisfied:0.0} % | {100 * greedy.JudgeAccuracy:0.0} % | {100
                * greedy.FalseAccepts:0.0} % | {100 * greedy.FalseRejects:0.0} % |
            | temperature 0.9 | {100 * sampled.Satisfied:0.0} % | {100 * sampled.JudgeAccuracy:0.0} % | {100
                * sampled.FalseAccepts:0.0} % | {100 * sampled.FalseRejects:0.0} % |

            By kind of constraint, on the samples at temperature 0.9:

            | constraint | family | seen | followed | judge's check right |
            | --- | --- | --- | --- | --- |

            """
        );
        foreach (KindMeasurement kind in sampled.Kinds)
        {
            text.Append(
                culture,
                $"| {kind.Kind} | {kind.Family} | {kind.Count} | {100 * kind.Followed:0.0} % | "
                    + $"{100 * kind.JudgeRight:0.0} % |\n"
            );
        }

        text.Append(
            $"\nThe same figures: `spar eval nano --count {Tasks} --temperature 0.9`, and without `--temperature` "
                + "for the first row.\n"
        );
        return text.ToString();
    }
}
