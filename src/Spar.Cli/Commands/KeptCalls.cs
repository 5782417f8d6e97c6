using System.Globalization;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Runtime.Models;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Cli.Commands;

/// <summary>
/// Opens the file in which a command keeps the answers to its calls, so that the same command goes on where it was
/// stopped. A file belongs to the models, the arithmetic and the seed that it was begun with.
/// </summary>
internal static class KeptCalls
{
    /// <summary>Opens the file, or starts it.</summary>
    /// <param name="file">The file; null keeps nothing.</param>
    /// <param name="actor">The actor, in the one spelling of models.</param>
    /// <param name="refiner">The refiner.</param>
    /// <param name="options">The embedded engine's arithmetic.</param>
    /// <param name="seed">The session's seed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UserFaultException">
    /// It cannot be read, is damaged, or was begun with something else.
    /// </exception>
    public static async Task<AnswerFile?> OpenAsync(
        string? file, string actor, string refiner, EngineOptions options, ulong seed,
        CancellationToken cancellationToken)
    {
        if (file is null)
        {
            return null;
        }

        ModelReference first = ModelReference.Resolve(actor);
        ModelReference second = ModelReference.Resolve(refiner, ModelRole.Refiner);
        string models = await NameAsync(first, cancellationToken);
        if (second != first)
        {
            models += $" with {await NameAsync(second, cancellationToken)}";
        }

        string arithmetic = options.RoundActivations ? "rounded activations" : $"{options.DType}".ToLowerInvariant();
        string model = string.Create(CultureInfo.InvariantCulture, $"{models}, {arithmetic}, seed {seed}");
        AnswerFile kept = AnswerFile.Open(file, model, unchecked((long)seed));
        if (kept.StoredModel is { Length: > 0 } stored && stored != model)
        {
            kept.Dispose();
            throw new UserFaultException(
                $"{file} holds calls of {stored}, and these would be of {model}.",
                "Give the options that it was begun with, name another file, or delete it.");
        }

        return kept;
    }

    // A checkpoint is known by what is in it, a served model by its address and name.
    private static async Task<string> NameAsync(ModelReference model, CancellationToken cancellationToken) =>
        await CheckpointDigest.OfAsync(model.Location, cancellationToken) is { } digest
            ? $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Location))} ({digest[..12]})"
            : model.Location;
}
