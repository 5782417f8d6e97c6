using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Inference;
using Spar.Runtime.Composition;
using Spar.Runtime.Pretraining;
using Spar.Runtime.Recipes;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar pretrain</c>: makes the nano base model from nothing.</summary>
internal static class PretrainCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> recipe = Options.Argument("recipe", "recipe file");
        Option<int> threads = Options.Threads();
        Command command = new ResumableCommand(
            "pretrain",
            "Makes the nano base model from nothing: tokenizer, weights, model card. Interrupted, the same command "
                + "goes on.\n\nExample:\n  spar pretrain recipes/nano-pretrain.yaml"
        )
        {
            recipe,
            threads,
        };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                PretrainRecipe settings = (PretrainRecipe)
                    RecipeKind.Pretrain.Read(RecipeDocument.Read(parse.GetValue(recipe)!));
                using ProgressLine progress = new(context);
                progress.Begin("pretraining", 0);
                double smooth = 0;
                await new PretrainRun(settings, parse.GetValue(threads)).RunAsync(
                    new Relay<PretrainStep>(step =>
                    {
                        smooth = step.Step == 1 || smooth == 0 ? step.Loss : (0.98 * smooth) + (0.02 * step.Loss);
                        progress.Set(
                            step.Step,
                            step.Steps,
                            step.Tokens,
                            string.Create(CultureInfo.InvariantCulture, $"loss {smooth:0.0000}")
                        );
                    }),
                    cancellationToken
                );
                (TimeSpan elapsed, _) = progress.End();
                progress.Begin("measuring", 0);
                await ModelCard.WriteAsync(
                    settings,
                    new EngineOptions { Threads = parse.GetValue(threads) },
                    cancellationToken
                );
                progress.End();
                context.Say($"The model is in {settings.Output} ({ProgressLine.Duration(elapsed)}).");
                return ExitCode.Success;
            }
        );
        return command;
    }
}
