using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.Decoding;

/// <summary>The decoding strategies by name: the one list of what commands offer.</summary>
public static class DecodingStrategies
{
    /// <summary>The name of the strategy without search or choice.</summary>
    public const string Greedy = "greedy";

    private static readonly (string Name, Func<Parts, IDecodingStrategy> Make)[] s_all =
    [
        (Greedy, parts => parts.Greedy),
        ("best-of-n", parts => new BestOfN(
            parts.Actor, parts.Settings.Respond, parts.Judge, parts.Settings.Samples, parts.Gate)),
        (SearchStrategy.Iterative.Name, parts => parts.From(SearchStrategy.Iterative)),
        (SearchStrategy.Bfs.Name, parts => parts.From(SearchStrategy.Bfs)),
        (SearchStrategy.Dfs.Name, parts => parts.From(SearchStrategy.Dfs)),
        ("restarts", parts => new RestartDecoding(
            parts.From(SearchStrategy.Once), parts.Actor, parts.Settings.Respond, parts.Gate, parts.Settings.Samples)),
    ];

    /// <summary>Names that <see cref="Create"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(strategy => strategy.Name)];

    /// <summary>Makes a strategy.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="actor">The model that answers.</param>
    /// <param name="refiner">The model that judges and refines.</param>
    /// <param name="templates">How the refiner is asked.</param>
    /// <param name="settings">How texts are sampled, how many votes, and the limits of the search.</param>
    /// <param name="judging">How responses are valued; null casts all votes.</param>
    /// <param name="verifier">Has the first word on every response; null where the refiner judges everything.</param>
    /// <exception cref="SparException">There is no strategy of this name.</exception>
    public static IDecodingStrategy Create(
        string name, ModelCaller actor, ModelCaller refiner, TemplateSet templates, DecodingSettings settings,
        JudgingSettings? judging = null, IConstraintVerifier? verifier = null)
    {
        Func<Parts, IDecodingStrategy> make = s_all.FirstOrDefault(strategy => strategy.Name == name).Make
            ?? throw new SparException(
                $"There is no decoding strategy {name}. Give one of {string.Join(", ", Names)}.");
        Gate gate = settings.Search.ToGate();
        return make(new Parts(
            actor,
            (judging ?? new JudgingSettings()).Create(
                [refiner], templates, settings.Judge, settings.Votes, gate, verifier),
            new RefinementSampler(refiner, templates, settings.Refine),
            gate,
            settings));
    }

    private sealed record Parts(
        ModelCaller Actor, IJudge Judge, RefinementSampler Refiner, Gate Gate, DecodingSettings Settings)
    {
        public GreedyDecoding Greedy => new(Actor, Settings.Respond);

        // Refines the greedy response.
        public SearchDecoding From(SearchStrategy search) =>
            new(Greedy, Judge, search.Create(Judge, Refiner, Settings.Search), Gate);
    }
}

/// <summary>What the decoding strategies need to know.</summary>
/// <param name="Respond">How the actor's responses are sampled.</param>
/// <param name="Judge">How judgements are sampled.</param>
/// <param name="Refine">How refinements are sampled.</param>
/// <param name="Votes">Judgements a response.</param>
/// <param name="Samples">Responses of best-of-N.</param>
/// <param name="Search">Limits of the searches; the chain of "iterative" is as long as the tree is deep.</param>
public sealed record DecodingSettings(
    Sampling Respond, Sampling Judge, Sampling Refine, int Votes, int Samples, SearchSettings Search);
