using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar model</c>: looks into a checkpoint.</summary>
internal static class ModelCommand
{
    public static Command Create(CommandContext context) =>
        new(
            "model",
            "Looks into a checkpoint: what it is, and its token ids and logits for comparing with other "
                + "implementations."
        )
        {
            ModelInfoCommand.Create(context),
            ModelTokenizeCommand.Create(context),
            ModelLogitsCommand.Create(context),
        };

    /// <summary>The argument that names the model.</summary>
    public static Argument<string> Model() => Options.Argument("model", "checkpoint folder or GGUF file");
}
