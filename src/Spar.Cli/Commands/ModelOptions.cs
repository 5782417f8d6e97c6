using System.CommandLine;
using Microsoft.Extensions.AI;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Inference;
using Spar.Evaluation.Harness;
using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Endpoints;

namespace Spar.Cli.Commands;

/// <summary>
/// Options that name a model: a checkpoint folder or GGUF file, or a model behind an OpenAI-compatible endpoint.
/// </summary>
internal sealed class ModelOptions
{
    private readonly string _role;

    public ModelOptions(string role, string what, params string[] aliases)
    {
        _role = role;
        Model = Options.OptionalText(
            $"--{role}",
            $"{what}: a checkpoint folder or GGUF file, or with --{role}-endpoint the served model's name",
            "model",
            aliases
        );
        Endpoint = Options.OptionalText(
            $"--{role}-endpoint",
            "base address of an OpenAI-compatible server, such as http://localhost:8000/v1; the key is taken from "
                + $"{ModelHosts.KeyVariable}",
            "url"
        );
    }

    public Option<string?> Model { get; }

    public Option<string?> Endpoint { get; }

    public void AddTo(Command command)
    {
        command.Add(Model);
        command.Add(Endpoint);
    }

    /// <summary>Opens the model; null when none is named.</summary>
    /// <exception cref="SparException">The endpoint is no address, or has no model's name beside it.</exception>
    public async ValueTask<EvaluationModel?> OpenAsync(
        ParseResult parse,
        int threads,
        ProgressLine progress,
        CancellationToken cancellationToken
    )
    {
        string? model = parse.GetValue(Model);
        string? endpoint = parse.GetValue(Endpoint);
        if (endpoint is null)
        {
            if (model is null)
            {
                return null;
            }

            IChatClient client = await Shared.OpenAsync(model, threads, progress, cancellationToken);
            return new EvaluationModel(
                model,
                client,
                client.GetService(typeof(EmbeddedChatClient)) is EmbeddedChatClient embedded
                    ? new EmbeddedChoiceScorer(embedded)
                    : null
            );
        }

        if (model is null)
        {
            throw new SparException($"--{_role}-endpoint needs the served model's name: give --{_role} as well.");
        }

        return Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? new EvaluationModel(model, EndpointChatClient.WithRetries(address, model, ModelHosts.ApiKey))
            : throw new SparException(
                $"--{_role}-endpoint: '{endpoint}' is no http address. Give something like http://localhost:8000/v1."
            );
    }
}
