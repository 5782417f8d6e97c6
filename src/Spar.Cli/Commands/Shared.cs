using System.CommandLine;
using Microsoft.Extensions.AI;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Judging;
using Spar.Runtime.Composition;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary>What several commands have in common.</summary>
internal static class Shared
{
    /// <summary>The model that comes with the program.</summary>
    public const string NanoModel = "models/nano";

    /// <summary>The option for the model in hand.</summary>
    /// <param name="whose">Whose it is: "the actor".</param>
    public static Option<string> Model(string whose) =>
        Options.Text(
            "--model",
            $"{whose}: {ModelReference.Spellings}",
            "model",
            NanoModel,
            "-m"
        );

    /// <summary>The option for the prompts' wording.</summary>
    public static Option<string> TemplateSet() =>
        Options.Text("--prompts", "prompt set: compact (nano model), small (below about 1B), full, or a folder", "set", "compact");

    /// <summary>The option for the way in which responses are valued.</summary>
    public static Option<ValuationMethod> Valuation() =>
        Options.Choice(
            "--valuation",
            "how responses are valued: votes, adaptive (votes until the verdict is settled), probability (of yes, "
                + "one call)",
            Enum.GetValues<ValuationMethod>().ToDictionary(value => value.ToString().ToLowerInvariant()),
            "votes"
        );

    /// <summary>The option for judgements a response.</summary>
    public static Option<int> Votes() => Options.Count("--votes", "judgements a response", 5, most: 1000);

    /// <summary>The option for output that scripts read.</summary>
    /// <param name="description">What is printed.</param>
    public static Option<bool> Json(string description) => Options.Flag("--json", description);

    /// <summary>The option for a place to write to.</summary>
    public static Option<string> Output(string description, string preset) =>
        Options.Text("--output", description, "path", preset, "-o");

    /// <summary>Opens a model, and shows that it is being opened.</summary>
    /// <param name="model">In the one spelling of models.</param>
    /// <param name="threads">Threads to compute with.</param>
    /// <param name="progress">Shows it; null shows nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="role">What a run directory stands for.</param>
    /// <param name="options">What else the embedded engine is to do; null for its defaults.</param>
    public static async ValueTask<IChatClient> OpenAsync(
        string model,
        int threads,
        ProgressLine? progress,
        CancellationToken cancellationToken,
        ModelRole role = ModelRole.Actor,
        EngineOptions? options = null
    )
    {
        string location = ModelReference.Resolve(model, role).Location;
        progress?.Begin($"opening {model}", 0);
        IChatClient client = await ModelHosts
            .Create(
                threads, new EngineOptions().MaxSequences, notice: progress is null ? null : progress.Warn,
                options: options ?? new EngineOptions())
            .OpenAsync(location, cancellationToken);
        progress?.End();
        return client;
    }

    /// <summary>Opens the model that judges and refines, or gives the actor where both are the same.</summary>
    /// <param name="actor">The actor, open.</param>
    /// <param name="actorModel">What it was opened from.</param>
    /// <param name="model">In the one spelling of models.</param>
    /// <param name="threads">Threads to compute with.</param>
    /// <param name="progress">Shows that it is being opened; null shows nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="options">What else the embedded engine is to do; null for its defaults.</param>
    public static async ValueTask<IChatClient> OpenRefinerAsync(
        IChatClient actor,
        string actorModel,
        string model,
        int threads,
        ProgressLine? progress,
        CancellationToken cancellationToken,
        EngineOptions? options = null
    ) =>
        ModelReference.Resolve(model, ModelRole.Refiner) == ModelReference.Resolve(actorModel)
            ? actor
            : await OpenAsync(model, threads, progress, cancellationToken, ModelRole.Refiner, options);

    /// <summary>Tells what the user should know of how a recipe was read.</summary>
    /// <param name="recipe">The recipe's file.</param>
    /// <param name="context">Where it is told.</param>
    public static void Tell(RecipeDocument recipe, CommandContext context)
    {
        foreach (string note in recipe.Notes)
        {
            context.Say(note);
        }
    }

    /// <summary>Refuses a file where a folder to write to is expected.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="UserFaultException">It is a file.</exception>
    public static void RefuseFile(string folder)
    {
        if (File.Exists(folder))
        {
            throw new UserFaultException($"--output: {folder} is a file.", "Name a folder.");
        }
    }

    /// <summary>Makes the folder that a command writes to.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="UserFaultException">There is a file of that name, or it cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        RefuseFile(folder);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException(
                $"--output: the folder {folder} cannot be made ({fault.Message.TrimEnd('.')}).",
                "Name another one.",
                fault
            );
        }
    }
}
