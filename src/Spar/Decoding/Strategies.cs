using Spar.Calls;
using Spar.Judging;
using Spar.Templates;
using Spar.Search;

namespace Spar.Decoding;

/// <summary>The decoding strategies by name.</summary>
public static class Strategies
{
    /// <summary>Names that <see cref="Create"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = ["greedy", "best-of-n", "iterative", "bfs", "dfs", "restarts"];

    /// <summary>Makes a strategy.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="actor">The model that answers.</param>
    /// <param name="refiner">The model that judges and refines.</param>
    /// <param name="templates">How the refiner is asked.</param>
    /// <param name="settings">How texts are sampled, how many votes, and the limits of the search.</param>
    /// <param name="judging">How responses are valued; null casts all votes.</param>
    /// <exception cref="SparException">There is no strategy of this name.</exception>
    public static IDecodingStrategy Create(
        string name, ModelCaller actor, ModelCaller refiner, TemplateSet templates, DecodingSettings settings, JudgingSettings? judging = null)
    {
        IJudge judge = (judging ?? new JudgingSettings()).Create([refiner], templates, settings);
        RefinementSampler refine = new(refiner, templates, settings.Refine);
        GreedyDecoding greedy = new(actor, settings.Respond);
        SearchSettings search = settings.Search;
        return name switch
        {
            "greedy" => greedy,
            "best-of-n" => new BestOfN(actor, settings.Respond, judge, settings.Samples),
            "iterative" => new SearchDecoding(
                greedy, judge, new BreadthFirstSearch(judge, refine, search.Chain()), search.Gate),
            "bfs" => new SearchDecoding(greedy, judge, new BreadthFirstSearch(judge, refine, search), search.Gate),
            "dfs" => new SearchDecoding(greedy, judge, new DepthFirstSearch(judge, refine, search), search.Gate),
            "restarts" => new RestartDecoding(
                new SearchDecoding(greedy, judge, new BreadthFirstSearch(judge, refine, search.Chain(1)), search.Gate), actor, settings.Respond, search.Gate, settings.Samples),
            _ => throw new SparException($"There is no decoding strategy {name}. Give one of {string.Join(", ", Names)}."),
        };
    }
}

/// <summary>What the decoding strategies need to know.</summary>
/// <param name="Respond">How the actor's responses are sampled.</param>
/// <param name="Judge">How judgements are sampled.</param>
/// <param name="Refine">How refinements are sampled.</param>
/// <param name="Votes">Judgements a response.</param>
/// <param name="Samples">Responses of best-of-N.</param>
/// <param name="Search">Limits of the searches; the chain of "iterative" is as long as the tree is deep.</param>
public sealed record DecodingSettings(Sampling Respond, Sampling Judge, Sampling Refine, int Votes, int Samples, SearchSettings Search);
