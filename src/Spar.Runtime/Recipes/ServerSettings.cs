using System.ComponentModel.DataAnnotations;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>How served models are asked. Nothing here changes what a run makes, but how it gets there.</summary>
public sealed record ServerSettings
{
    /// <summary>
    /// Minutes for which a run waits for servers that do not answer, are restarting or take no more calls, before the
    /// calls count as failed. What was answered is kept either way, and the same command goes on.
    /// </summary>
    [Range(0.0, 100_000.0)]
    public double PatienceMinutes { get; init; } = 30;

    /// <summary>
    /// How often a call is tried that goes wrong itself (a server's error, an answer that cannot be read, a cut
    /// connection), ever later. A try that takes all its time counts for two.
    /// </summary>
    [Range(2, 1000)]
    public int Tries { get; init; } = 10;

    /// <summary>Seconds that a server may take for the first token of an answer.</summary>
    [Range(0.0, 100_000.0, MinimumIsExclusive = true)]
    public double FirstTokenSeconds { get; init; } = 120;

    /// <summary>Seconds that it may take, in addition, for each token that the answer may have (max_tokens).</summary>
    [Range(0.0, 1000.0)]
    public double TokenSeconds { get; init; } = 0.1;

    /// <summary>Most seconds to wait between two tries, also where the server asks for more (Retry-After).</summary>
    [Range(0.0, 100_000.0, MinimumIsExclusive = true)]
    public double MostWaitSeconds { get; init; } = 60;

    /// <summary>
    /// Whether calls that differ in their seeds alone (the votes on a response, the responses to a prompt, the
    /// refinements of a node) go out as one request for several answers (<c>n</c>). A server that gives fewer answers
    /// than are asked for, or the same one several times, is asked for each by itself.
    /// </summary>
    public bool UseN { get; init; } = true;

    /// <summary>
    /// A request that takes longer than this share of those before it (with as many tokens to give) is asked at a second
    /// server of its pool too, where one has room at once; the first answer counts. 0.95 is usual. Not given never asks
    /// twice.
    /// </summary>
    [Range(0.5, 0.999)]
    public double? Hedge { get; init; }

    /// <summary>
    /// The servers; entries with the same name are one pool, which serves one model. Models are named by them as
    /// <c>pool://name</c>.
    /// </summary>
    public IReadOnlyList<EndpointSettings> Endpoints { get; init; } = [];

    /// <summary>
    /// How the models that the run trains get to servers that play them; none plays them in this process.
    /// </summary>
    public IReadOnlyList<CheckpointServing> Checkpoints { get; init; } = [];
}

/// <summary>Servers that are asked alike.</summary>
public sealed record EndpointSettings
{
    /// <summary>The pool that they belong to.</summary>
    [MinLength(1)]
    public required string Name { get; init; }

    /// <summary>Their base addresses, such as http://node1:8000/v1.</summary>
    [MinLength(1)]
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>
    /// The name by which they know the model, which is what a run's identity has of it; when not given they are asked,
    /// and have to serve one model only.
    /// </summary>
    public string? Model { get; init; }

    /// <summary>
    /// Environment variable with their key; no key is sent when not given. The key itself can stand nowhere in a recipe.
    /// </summary>
    public string? KeyVariable { get; init; }

    /// <summary>
    /// Headers of every request, as "Name: value"; a value as $NAME is taken from that environment variable, and is
    /// shown and kept nowhere.
    /// </summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>
    /// Members of every request's body beside those that spar writes, as a text of JSON, such as
    /// '{"chat_template_kwargs": {"enable_thinking": false}}'. They count for a run's identity.
    /// </summary>
    public string? Body { get; init; }

    /// <summary>
    /// Most calls in flight at each server; when not given it finds itself: it grows until the server refuses calls or
    /// slows down.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? Concurrency { get; init; }

    /// <summary>
    /// Price of a million tokens that each server reads, in whatever money; progress and results.json then say what was
    /// spent.
    /// </summary>
    [Range(0.0, 1_000_000.0)]
    public double? PriceRead { get; init; }

    /// <summary>Price of a million tokens that it generates.</summary>
    [Range(0.0, 1_000_000.0)]
    public double? PriceGenerated { get; init; }

    /// <summary>Share of the calls in comparison with the pool's other servers.</summary>
    [Range(0.0, 1_000_000.0, MinimumIsExclusive = true)]
    public double Weight { get; init; } = 1;
}
