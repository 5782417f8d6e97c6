using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>
/// Opens the models that a run trains behind the servers that its recipe names for them, and leaves others to another
/// host. Before a model is opened its servers are given it; a server that does not say that it has it, or answers
/// otherwise than the checkpoint does, ends the run.
/// </summary>
public sealed class ServedCheckpoints : IModelHost, IAsyncDisposable
{
    /// <summary>What the stage of a model is called that a part starts from.</summary>
    public const string BaseStage = "base";

    // What the embedded engine is asked to load for a few greedy answers, at most.
    private const long MostProbed = 8_000_000_000;

    // Short questions of different kinds, so that models that differ a little differ in one of the answers.
    private static readonly string[] s_questions =
    [
        "Write a line about the sea.", "List three colours.", "Write two sentences about a city at night.",
    ];

    private readonly IModelHost _others;
    private readonly RunRecipe _recipe;
    private readonly PoolOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly Dictionary<ModelRole, (CheckpointServing Entry, CheckpointPool Pool)> _pools = [];

    private ServedCheckpoints(
        IModelHost others, RunRecipe recipe, string directory, PoolOptions options, TimeProvider time,
        Action<string> notice)
    {
        (_others, _recipe, _options, _time, _notice) = (others, recipe, options, time, notice);
        foreach (CheckpointServing entry in recipe.Servers.Checkpoints)
        {
            _pools.Add(entry.Role, (entry, Pool(entry, directory)));
        }
    }

    /// <summary>A host that serves what the recipe has served.</summary>
    /// <param name="others">Opens everything else, and checkpoints where they are compared.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="directory">The run directory, for what commands write.</param>
    /// <param name="concurrency">Most calls in flight.</param>
    /// <param name="observer">Is told what the user should know.</param>
    /// <param name="time">The clock.</param>
    /// <param name="watch">Counts what servers do; null counts for nobody.</param>
    /// <returns>The other host itself where nothing is served so.</returns>
    public static IModelHost Around(
        IModelHost others, RunRecipe recipe, string directory, int concurrency, IRunObserver observer,
        TimeProvider time, FleetWatch? watch = null) =>
        recipe.Servers.Checkpoints.Count == 0 ? others
            : new ServedCheckpoints(
                others, recipe, directory, ServedModels.Options(recipe, concurrency, observer.Warn, watch), time,
                observer.Notice);

    /// <summary>Checks how checkpoints get to servers.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    internal static void Check(RunRecipe recipe, RecipeCheck check)
    {
        ServerSettings servers = recipe.Servers;
        foreach ((int i, CheckpointServing entry) in servers.Checkpoints.Index())
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"servers.checkpoints.{i}");
            EndpointSettings[] pool = [.. servers.Endpoints.Where(one => one.Name == entry.Pool)];
            check.That(
                pool.Length > 0, $"{key}.pool",
                "must be the name of an entry of servers.endpoints", entry.Pool);
            check.That(
                ReferenceEquals(servers.Checkpoints.First(one => one.Role == entry.Role), entry), $"{key}.role",
                "must be served by one pool; give that more addresses", entry.Role);
            check.That(
                ReferenceEquals(servers.Checkpoints.First(one => one.Pool == entry.Pool), entry), $"{key}.pool",
                "must play one part: a server holds one checkpoint at a time", entry.Pool);
            (string start, string model) = recipe.Method.StartOf(entry.Role);
            check.That(
                !ModelReference.IsServed(model), start,
                $"must be a checkpoint where servers.checkpoints has the {RecipeKey.Text(entry.Role)}'s models served: they "
                + "are given it first", model);
            check.That(
                !entry.Lora || pool.All(one => one.Model is not null), $"{key}.lora",
                "needs the pool's model: the name by which its servers know what the part starts from", true);
            string[] whole = entry.Lora
                ? [.. Teachers.MethodOf(recipe).Trainings()
                    .Where(one => one.Role == entry.Role && one.Settings.Lora is null).Select(one => $"{one.Key}.lora")]
                : [];
            check.That(
                whole.Length == 0, $"{key}.lora",
                $"needs an adapter from every training of the part; set {string.Join(", ", whole)}", true);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SparException">The servers did not get the model, or answer otherwise than it does.</exception>
    public async ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken)
    {
        if (RoleOf(model) is not { } role || !_pools.TryGetValue(role, out (CheckpointServing Entry, CheckpointPool Pool) found))
        {
            return await _others.OpenAsync(model, cancellationToken).ConfigureAwait(false);
        }

        (CheckpointServing entry, CheckpointPool pool) = found;
        Lazy<Task<string[]?>> expected = new(() => AnswersOfAsync(model, entry, cancellationToken));
        IReadOnlyList<ServedEndpoint> endpoints = await pool.GiveAsync(
            model, StageOf(model), (endpoint, token) => ProbeAsync(endpoint, model, entry, expected, token),
            cancellationToken).ConfigureAwait(false);
        return new HeldClient(PooledChatClient.Open(endpoints, _options, _time), pool, model);
    }

    private CheckpointPool Pool(CheckpointServing entry, string directory)
    {
        IReadOnlyList<ServedEndpoint> endpoints = ServedModels.Endpoints(
            ModelReference.Resolve($"pool://{entry.Pool}"), _recipe.Servers);
        string? loaded = null;
        ServerJobs? jobs = entry.Program is null ? null : JobsOf(entry, endpoints, directory);
        return new CheckpointPool(
            entry.Pool,
            endpoints,
            async (brought, token) =>
            {
                _notice($"The {RecipeKey.Text(entry.Role)}'s servers (pool {entry.Pool}) get {brought.Checkpoint} as {brought.Name}.");
                if (jobs is not null)
                {
                    IReadOnlyList<string> hosts = await jobs.StartAsync(brought, token).ConfigureAwait(false);
                    return entry.Launcher.Kind == LauncherKind.Local ? endpoints
                        : [.. endpoints.Zip(hosts, (one, host) => one with { Address = new UriBuilder(one.Address) { Host = host }.Uri })];
                }

                if (!entry.Lora)
                {
                    await ServingCommand.RunAsync(
                        ServingCommand.Fill(entry.Command!, entry.Role, brought),
                        Path.Combine(Path.GetFullPath(directory), "serving", $"{RecipeKey.Text(entry.Role)}-{brought.Stage}.log"),
                        token).ConfigureAwait(false);
                }
                else if (brought.Stage != BaseStage)
                {
                    string adapter = Adapter(brought.Checkpoint, _recipe.Method.StartOf(entry.Role).Model);
                    await AdapterLoading.LoadAsync(endpoints, adapter, brought.Name, loaded, _time, token)
                        .ConfigureAwait(false);
                    loaded = brought.Name;
                }

                return endpoints;
            },
            stage => entry.Lora && stage == BaseStage
                ? endpoints[0].Model : entry.Name.Replace("{stage}", stage, StringComparison.Ordinal),
            TimeSpan.FromMinutes(entry.ReadyMinutes),
            _time,
            jobs);
    }

    private ServerJobs JobsOf(CheckpointServing entry, IReadOnlyList<ServedEndpoint> endpoints, string directory) => new(
        Path.Combine(Path.GetFullPath(directory), "serving", RecipeKey.Text(entry.Role)),
        ModelTrainers.LauncherOf(entry.Launcher.Kind, ModelTrainers.OptionsOf(entry.Launcher), _time),
        (brought, port) => ServingCommand.Fill(entry.Program!, entry.Role, brought)
            .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
        [.. endpoints.Select(one => one.Address.Port)],
        entry.Launcher.Kind == LauncherKind.Kubernetes ? "\"$(hostname -i)\"" : "\"${SLURMD_NODENAME:-$(hostname)}\"",
        _time,
        _notice);

    /// <summary>Ends the servers that this run has started, in this session or in one that was killed.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((_, CheckpointPool pool) in _pools.Values)
        {
            await pool.ReleaseAsync().ConfigureAwait(false);
        }
    }

    // An adapter changes the model that it was trained on, and no other.
    private static string Adapter(string checkpoint, string start)
    {
        string folder = Path.Combine(checkpoint, "adapter");
        string config = Path.Combine(folder, "adapter_config.json");
        if (!File.Exists(config))
        {
            throw new SparException(
                $"The checkpoint {checkpoint} has no adapter, which its servers are to load (servers.checkpoints, lora). "
                + "Train it with lora, or bring whole checkpoints to the servers with a command.");
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(config));
        string? trained = document.RootElement.TryGetProperty("base_model_name_or_path", out JsonElement name)
            ? name.GetString() : null;
        return trained is not null
            && (trained == start || Path.GetFullPath(trained, folder) == Path.GetFullPath(ShippedFiles.Resolve(start)))
            ? folder
            : throw new SparException(
                $"The adapter of {checkpoint} changes {trained ?? "an unknown model"}, and the servers hold {start}: loaded "
                + "there it would make another model. Bring whole checkpoints to the servers with a command "
                + "(servers.checkpoints) where a part is trained more than once.");
    }

    // The part whose model it is: by the training that made it, or as what the part starts from.
    private ModelRole? RoleOf(string model)
    {
        string stage = StageOf(model);
        return stage != BaseStage
                ? stage.StartsWith("refiner-", StringComparison.Ordinal) ? ModelRole.Refiner : ModelRole.Actor
            : _pools.Keys.Order().Cast<ModelRole?>().FirstOrDefault(role => _recipe.Method.StartOf(role!.Value).Model == model);
    }

    private static string StageOf(string model)
    {
        string name = Path.GetFileName(model);
        return Path.GetFileName(Path.GetDirectoryName(model)) == "checkpoints" && StageNames.IsTraining(name)
            ? name : BaseStage;
    }

    // What the checkpoint answers in this process; null where it cannot be compared.
    private async Task<string[]?> AnswersOfAsync(
        string model, CheckpointServing entry, CancellationToken cancellationToken)
    {
        string path = ShippedFiles.Resolve(model);
        long bytes = File.Exists(path) ? new FileInfo(path).Length
            : new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        if (bytes > MostProbed)
        {
            _notice($"{model} is too large to be compared with its servers' answers; their word is taken for it.");
            return null;
        }

        IChatClient client;
        try
        {
            client = await _others.OpenAsync(model, cancellationToken).ConfigureAwait(false);
        }
        catch (UserFaultException fault)
        {
            _notice($"{model} cannot be compared with its servers' answers, for it cannot be run here ({fault.Message})");
            return null;
        }

        using (client)
        {
            return await AskAsync(client, entry, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ProbeAsync(
        ServedEndpoint endpoint, string model, CheckpointServing entry, Lazy<Task<string[]?>> expected,
        CancellationToken cancellationToken)
    {
        if (entry.Probe == CheckpointProbe.Names
            || await expected.Value.ConfigureAwait(false) is not { } right)
        {
            return;
        }

        using IChatClient server = PooledChatClient.Open([endpoint], _options, _time);
        string[] answers = await AskAsync(server, entry, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < right.Length; i++)
        {
            if (answers[i] != right[i])
            {
                throw new SparException(
                    $"The server {endpoint.Address} serves something else as {endpoint.Model} than the checkpoint {model}: to "
                    + $"'{s_questions[i]}' it answers '{HarmlessText.Quote(answers[i])}', and the checkpoint "
                    + $"'{HarmlessText.Quote(right[i])}' (greedy, {entry.ProbeTokens} tokens). Mend the command that brings "
                    + "checkpoints to it; where only its arithmetic differs, set servers.checkpoints' probe to names.");
            }
        }
    }

    private static async Task<string[]> AskAsync(
        IChatClient client, CheckpointServing entry, CancellationToken cancellationToken)
    {
        List<string> answers = [];
        foreach (string question in s_questions)
        {
            ChatResponse response = await client.GetResponseAsync(
                [new ChatMessage(ChatRole.User, question)],
                new ChatOptions { Temperature = 0, MaxOutputTokens = entry.ProbeTokens, Seed = 0 },
                cancellationToken).ConfigureAwait(false);
            answers.Add(response.Text);
        }

        return [.. answers];
    }

    /// <summary>A client of a checkpoint, as long as its servers have that.</summary>
    private sealed class HeldClient(IChatClient inner, CheckpointPool pool, string model)
        : DelegatingChatClient(inner), IAlternativesClient, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Dispose();
            await pool.ReleaseAsync().ConfigureAwait(false);
        }

        public override Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            ThrowIfGone();
            return base.GetResponseAsync(messages, options, cancellationToken);
        }

        public Task<WeighedResponse> GetWeighedResponseAsync(
            IReadOnlyList<ChatMessage> messages, ChatOptions options, Func<string, Alternatives?> find,
            CancellationToken cancellationToken)
        {
            ThrowIfGone();
            return (InnerClient.GetService<IAlternativesClient>()
                ?? throw new InvalidOperationException("A served model weighs words."))
                .GetWeighedResponseAsync(messages, options, find, cancellationToken);
        }

        private void ThrowIfGone()
        {
            if (pool.Holds != model)
            {
                throw new RunFaultException(
                    $"The servers of pool {pool.Name} were given {pool.Holds ?? "another checkpoint"} while {model} was still "
                    + "asked. Give the two parts pools of their own.");
            }
        }
    }
}
