using System.Globalization;
using System.Text.RegularExpressions;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Models;

/// <summary>
/// A model as recipes and commands name it, in one spelling everywhere: a checkpoint folder, a GGUF file, a run
/// directory, a model's name that the Hugging Face cache on this disk holds, or a served model as
/// <c>http://host:port/v1#name</c>, where several servers serve it with all addresses before the sign, or as
/// <c>pool://name</c> with the servers that a recipe calls by the name. Nothing is ever fetched.
/// </summary>
public sealed partial record ModelReference
{
    /// <summary>All spellings in words, for messages and help.</summary>
    public const string Spellings =
        "a checkpoint folder, a GGUF file, a run directory, a model's name in the Hugging Face cache, or a served model "
        + "as http://host:port/v1#name (several addresses with commas; in a recipe also pool://name)";

    private const string PoolScheme = "pool://";

    private ModelReference(string location, string? served = null) => (Location, ServedName) = (location, served);

    /// <summary>What a host opens: a path, address#name, or pool://name.</summary>
    public string Location { get; }

    /// <summary>
    /// The name by which the server knows the model, which is its identity; null for a checkpoint, and where it is left
    /// to be asked for.
    /// </summary>
    public string? ServedName { get; }

    /// <summary>The servers' base addresses; none for a checkpoint and for a pool.</summary>
    public IReadOnlyList<Uri> Addresses =>
        IsServed(Location) && Pool is null
            ? [.. Location.Split('#', 2)[0].Split(',').Select(text => new Uri(text.Trim()))]
            : [];

    /// <summary>The name of a recipe's servers; null for any other model.</summary>
    public string? Pool =>
        Location.StartsWith(PoolScheme, StringComparison.Ordinal)
            ? Location.Split('#', 2)[0][PoolScheme.Length..]
            : null;

    /// <summary>The reference of a served model with the name by which its servers know it.</summary>
    /// <param name="name">The name.</param>
    public ModelReference Named(string name) => new($"{Location.Split('#', 2)[0]}#{name}", name);

    /// <summary>Whether a text is spelled like a served model.</summary>
    /// <param name="text">The text.</param>
    public static bool IsServed(string text) => text.Contains("://", StringComparison.Ordinal);

    /// <summary>What a text names.</summary>
    /// <param name="text">In one of the spellings.</param>
    /// <param name="role">What a run directory stands for.</param>
    /// <exception cref="SparException">It names no model; the message says what was looked for.</exception>
    public static ModelReference Resolve(string text, ModelRole role = ModelRole.Actor) =>
        IsServed(text)
            ? Served(text)
            : Find(text, role) is { } path
                ? new ModelReference(path)
                : throw new SparException(
                    $"There is no model '{text}': no file or folder of this name, and nothing in the Hugging Face cache "
                        + $"{Hub}. Name {Spellings}."
                );

    /// <summary>The path of a checkpoint or GGUF file that a text names; null when there is none.</summary>
    /// <param name="text">Any spelling but that of a served model.</param>
    /// <param name="role">What a run directory stands for.</param>
    /// <exception cref="SparException">A run directory cannot be read, or its model is gone.</exception>
    public static string? Find(string text, ModelRole role)
    {
        string path = ShippedFiles.Resolve(text);
        return File.Exists(Path.Combine(path, "run.db")) ? OfRun(path, role)
            : Path.Exists(path) ? path
            : OfCache(text);
    }

    private static ModelReference Served(string text)
    {
        string[] parts = text.Split('#', 2);
        string? name = parts.Length == 2 && parts[1].Length > 0 ? parts[1] : null;
        if (text.StartsWith(PoolScheme, StringComparison.Ordinal))
        {
            return PoolName().IsMatch(parts[0][PoolScheme.Length..])
                ? new ModelReference(text, name)
                : throw new SparException(
                    $"'{text}' names no pool. Give the name of an entry of servers.endpoints, as in pool://judges.");
        }

        foreach (string one in parts[0].Split(','))
        {
            if (!Uri.TryCreate(one.Trim(), UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            {
                throw new SparException(
                    $"'{text}' names no served model. Give the server's address and the model's name, as in "
                        + "http://localhost:8000/v1#qwen."
                );
            }

            if (address.UserInfo.Length > 0)
            {
                throw new SparException(
                    $"The address of {address.Host} holds a user's name or password, which would be shown and kept. Put "
                        + "the key into an environment variable (key_variable in servers.endpoints), and leave it out."
                );
            }
        }

        return new ModelReference(text, name);
    }

    // The last model that the run made for a role; before the first one the model that it starts from.
    private static string OfRun(string directory, ModelRole role)
    {
        using RunStore store = RunStore.OpenForReading(directory);
        string prefix = role == ModelRole.Actor ? "actor-" : "refiner-";
        string? last = store
            .Stages()
            .Where(stage =>
                stage.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(stage.AsSpan(prefix.Length), CultureInfo.InvariantCulture, out _)
            )
            .MaxBy(stage => int.Parse(stage.AsSpan(prefix.Length), CultureInfo.InvariantCulture));
        string model = last is not null
            ? store.FindProduct<TrainedProduct>(last)!.Resolve(store.Directory)
            : RunIdentity.NameOf(RecipeTrainings.StartIn(store.Identity.Values, role) ?? "");
        return IsServed(model) || Path.Exists(model)
            ? model
            : throw new SparException(
                $"The run {directory} ends with the model {(model.Length == 0 ? "of no recipe" : model)}, which is not "
                    + "there. Name a checkpoint."
            );
    }

    // A name as org/model, or as model alone; its snapshot is the one that the branch main was at when it was fetched.
    private static string? OfCache(string name)
    {
        if (!HubName().IsMatch(name))
        {
            return null;
        }

        string folder = Path.Combine(Hub, $"models--{name.Replace("/", "--", StringComparison.Ordinal)}");
        string reference = Path.Combine(folder, "refs", "main");
        if (!File.Exists(reference))
        {
            return null;
        }

        string snapshot = Path.Combine(folder, "snapshots", File.ReadAllText(reference).Trim());
        return Directory.Exists(snapshot) ? snapshot : null;
    }

    private static string Hub =>
        Variable("HF_HUB_CACHE")
        ?? Path.Combine(
            Variable("HF_HOME")
                ?? Path.Combine(
                    Variable("XDG_CACHE_HOME")
                        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
                    "huggingface"
                ),
            "hub"
        );

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]*$")]
    private static partial Regex PoolName();

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?$")]
    private static partial Regex HubName();
}
