using System.Globalization;
using System.Text.Json;
using Spar.Calls;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;

namespace Spar.Runtime.Composition;

/// <summary>
/// Who serves a model: the addresses that a reference names, or a recipe's servers of that name. Keys come out of the
/// environment here, and go nowhere but to their server.
/// </summary>
public static class ServedModels
{
    /// <summary>The environment variable that holds the key of servers that are named by their address.</summary>
    public const string KeyVariable = "OPENAI_API_KEY";

    /// <summary>How a recipe's served models are asked.</summary>
    /// <param name="recipe">A checked recipe; null for commands without one.</param>
    /// <param name="concurrency">Most calls in flight.</param>
    /// <param name="notice">Is told what the user should know of the servers; null for nobody.</param>
    /// <param name="watch">Counts what servers do; null counts for nobody.</param>
    public static PoolOptions Options(
        RunRecipe? recipe, int concurrency, Action<string>? notice, FleetWatch? watch = null)
    {
        ServerSettings settings = recipe?.Servers ?? new ServerSettings();
        TimeSpan patience = TimeSpan.FromMinutes(settings.PatienceMinutes);
        PoolOptions usual = new();
        return usual with
        {
            Retry = new RetryOptions
            {
                Retries = settings.Tries - 1,
                MostDelay = TimeSpan.FromSeconds(settings.MostWaitSeconds),
                Patience = patience,
                Seed = recipe?.Method.Seed ?? 0,
            },
            FirstPatience = recipe is null ? usual.FirstPatience : patience,
            FirstToken = TimeSpan.FromSeconds(settings.FirstTokenSeconds),
            Token = TimeSpan.FromSeconds(settings.TokenSeconds),
            MostInFlight = concurrency,
            Groups = settings.UseN,
            Notice = notice,
            Hedge = settings.Hedge,
            Watch = watch,
        };
    }

    /// <summary>Who serves a model. An endpoint's name of the model is empty where it has to be asked for.</summary>
    /// <param name="reference">A served model.</param>
    /// <param name="settings">A recipe's servers; null for commands without one.</param>
    /// <exception cref="SparException">There is no such pool, or it cannot be used as it is written.</exception>
    public static IReadOnlyList<ServedEndpoint> Endpoints(ModelReference reference, ServerSettings? settings)
    {
        if (reference.Pool is not { } pool)
        {
            string? key = Environment.GetEnvironmentVariable(KeyVariable);
            return
            [
                .. reference.Addresses.Select(address => new ServedEndpoint(address, reference.ServedName ?? "")
                {
                    ApiKey = string.IsNullOrEmpty(key) ? null : key,
                }),
            ];
        }

        EndpointSettings[] entries = [.. (settings?.Endpoints ?? []).Where(one => one.Name == pool)];
        if (entries.Length == 0)
        {
            throw new SparException(settings is null
                ? $"'{reference.Location}' is a recipe's name for its servers; here give their addresses, as in "
                    + "http://localhost:8000/v1#qwen."
                : $"there is no pool '{pool}' in servers.endpoints; give one of its entries this name.");
        }

        return
        [
            .. entries.SelectMany(entry => entry.Addresses.Select(address =>
                new ServedEndpoint(Address(address), reference.ServedName ?? entry.Model ?? "")
                {
                    ApiKey = Variable(entry.KeyVariable, "key_variable"),
                    Headers = [.. entry.Headers.Select(Header)],
                    Body = Body(entry.Body),
                    Concurrency = entry.Concurrency,
                    Prices = entry.PriceRead is null && entry.PriceGenerated is null
                        ? null : (entry.PriceRead ?? 0, entry.PriceGenerated ?? 0),
                    Weight = entry.Weight,
                })),
        ];
    }

    /// <summary>
    /// What a run's identity says of a pool beside the model's name: what is sent with every call. Empty where nothing
    /// is.
    /// </summary>
    /// <param name="reference">A served model.</param>
    /// <param name="settings">A recipe's servers.</param>
    internal static string SentBeside(ModelReference reference, ServerSettings settings)
    {
        string[] bodies =
        [
            .. settings.Endpoints.Where(one => one.Name == reference.Pool).Select(one => one.Body).OfType<string>()
                .Select(body => string.Join(',', Body(body).OrderBy(member => member.Name, StringComparer.Ordinal)
                    .Select(member => $"{member.Name}={member.Value.GetRawText()}"))).Distinct()
                .Order(StringComparer.Ordinal),
        ];
        return bodies.Length == 0 ? "" : $"+{StableHash.Of(string.Join('\n', bodies)):x16}";
    }

    /// <summary>
    /// Gives the recipe's references the names that its servers' entries have for their models, so that nobody has to be
    /// asked for them.
    /// </summary>
    /// <param name="recipe">A recipe that was just read.</param>
    internal static void Complete(RunRecipe recipe)
    {
        RecipeKeys.Rewrite(recipe, (referent, text) =>
            referent.IsModel() && ModelReference.IsServed(text)
            && TryResolve(text) is { Pool: { } pool, ServedName: null } reference
            && recipe.Servers.Endpoints.FirstOrDefault(one => one.Name == pool)?.Model is { Length: > 0 } model
                ? reference.Named(model).Location
                : text);
    }

    /// <summary>Checks the entries of servers.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    internal static void Check(RunRecipe recipe, RecipeCheck check)
    {
        HashSet<string> used =
        [
            .. ModelFiles.Named(recipe).Where(model => ModelReference.IsServed(model.Text))
                .Select(model => TryResolve(model.Text)?.Pool).OfType<string>()
                .Concat(recipe.Servers.Checkpoints.Select(entry => entry.Pool)),
        ];
        foreach ((int i, EndpointSettings entry) in recipe.Servers.Endpoints.Index())
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"servers.endpoints.{i}");
            foreach ((int place, string address) in entry.Addresses.Index())
            {
                check.Usable(
                    string.Create(CultureInfo.InvariantCulture, $"{key}.addresses.{place}"), () => Address(address));
            }

            foreach ((int place, string header) in entry.Headers.Index())
            {
                check.Usable(
                    string.Create(CultureInfo.InvariantCulture, $"{key}.headers.{place}"), () => Header(header));
            }

            check.Usable($"{key}.body", () => Body(entry.Body));
            check.That(
                entry.Model == recipe.Servers.Endpoints.First(one => one.Name == entry.Name).Model,
                $"{key}.model", "must be the same in all entries of a name, for they serve one model", entry.Model);
            if (used.Contains(entry.Name))
            {
                check.Usable($"{key}.key_variable", () => Variable(entry.KeyVariable, "key_variable"));
            }
        }
    }

    private static ModelReference? TryResolve(string text)
    {
        try
        {
            return ModelReference.Resolve(text);
        }
        catch (SparException)
        {
            return null;
        }
    }

    private static Uri Address(string text)
    {
        ModelReference reference = ModelReference.Resolve(
            ModelReference.IsServed(text) ? text : throw new SparException($"'{text}' is no address; give http://..."));
        return reference is { Addresses: [{ } address], ServedName: null }
            ? address
            : throw new SparException(
                $"'{text}' must be one server's address alone, as in http://node1:8000/v1; its model goes to the key "
                + "model");
    }

    private static string? Variable(string? name, string key) =>
        name is null ? null
        : Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
        : throw new SparException($"the environment variable {name} is not set; set it, or leave {key} out");

    private static (string Name, string Value) Header(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon > 0 ? text[..colon].Trim() : "";
        string value = colon > 0 ? text[(colon + 1)..].Trim() : "";
        if (name.Length == 0 || value.Length == 0 || value.AsSpan().ContainsAny('\r', '\n')
            || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            throw new SparException("a header is written as 'Name: value', or as 'Name: $VARIABLE'");
        }

        if (value[0] == '$')
        {
            return (name, Variable(value[1..], "the header")!);
        }

        bool secret = name.Contains("auth", StringComparison.OrdinalIgnoreCase)
            || name.Contains("key", StringComparison.OrdinalIgnoreCase)
            || name.Contains("token", StringComparison.OrdinalIgnoreCase)
            || name.Contains("secret", StringComparison.OrdinalIgnoreCase)
            || name.Contains("cookie", StringComparison.OrdinalIgnoreCase);
        return !secret
            ? (name, value)
            : throw new SparException(
                $"the header {name} holds a secret, which must not stand in a recipe; put it into an environment variable "
                + $"and write '{name}: $VARIABLE'");
    }

    private static IReadOnlyList<(string Name, JsonElement Value)> Body(string? text)
    {
        if (text is null)
        {
            return [];
        }

        JsonElement body;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            body = document.RootElement.Clone();
        }
        catch (JsonException fault)
        {
            throw new SparException($"it is no JSON ({fault.Message.Split(". LineNumber")[0]})", fault);
        }

        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new SparException("it must be an object, as in '{\"top_k\": 20}'");
        }

        (string, JsonElement)[] members = [.. body.EnumerateObject().Select(member => (member.Name, member.Value))];
        string[] reserved = [.. members.Select(member => member.Item1).Intersect(ChatRequest.Reserved)];
        return reserved.Length == 0
            ? members
            : throw new SparException(
                $"{string.Join(", ", reserved)} cannot be set here: the calls themselves say it, by the recipe's other "
                + "keys");
    }
}
