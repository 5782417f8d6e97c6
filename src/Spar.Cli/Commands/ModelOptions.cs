using System.CommandLine;
using Microsoft.Extensions.AI;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Inference;
using Spar.Evaluation.Harness;
using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Models;
using Spar.Seams;

namespace Spar.Cli.Commands;

/// <summary>An option that names a model, in the one spelling that recipes have too.</summary>
internal sealed class ModelOptions
{
    private readonly ModelRole _role;

    /// <summary>The option.</summary>
    /// <param name="role">The option's name.</param>
    /// <param name="what">Whose model it is.</param>
    /// <param name="part">What a run directory stands for.</param>
    /// <param name="aliases">Short forms.</param>
    public ModelOptions(string role, string what, ModelRole part = ModelRole.Actor, params string[] aliases)
    {
        _role = part;
        Model = Options.OptionalText(
            $"--{role}",
            $"{what}: {ModelReference.Spellings}; a server's key is taken from {ServedModels.KeyVariable}",
            "model",
            aliases
        );
    }

    public Option<string?> Model { get; }

    public void AddTo(Command command) => command.Add(Model);

    /// <summary>Opens the model; null when none is named.</summary>
    /// <exception cref="SparException">There is no such model.</exception>
    public async ValueTask<EvaluationModel?> OpenAsync(
        ParseResult parse,
        int threads,
        ProgressLine progress,
        CancellationToken cancellationToken
    )
    {
        if (parse.GetValue(Model) is not { } model)
        {
            return null;
        }

        IChatClient client = await Shared.OpenAsync(model, threads, progress, cancellationToken, _role);
        // A served model is known by its name, on whatever host.
        string name = ModelReference.IsServed(model)
            ? client.GetService<ChatClientMetadata>()?.DefaultModelId ?? model
            : model;
        return new EvaluationModel(
            name,
            client,
            client.GetService(typeof(EmbeddedChatClient)) is EmbeddedChatClient embedded
                ? new EmbeddedChoiceScorer(embedded)
                : null
        );
    }
}
