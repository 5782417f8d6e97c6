using Spar.Ground;
using Spar.Judging;
using Spar.Templates;

namespace Spar.Search;

/// <summary>
/// A tree while it grows: expansion under a budget, the memory of responses already valued, and the choice of nodes.
/// Both search orders are written in its terms. A step's calls run side by side, but the budget is spent in the order
/// of the nodes before they start, so that the tree does not depend on which call ends first. A judgement is budgeted
/// with the most calls that it could take, and votes are completed before values are compared, so that a judge that
/// spares votes grows the same tree as one that casts all of them.
/// </summary>
internal sealed class TreeGrowth
{
    private readonly IJudge _judge;
    private readonly RefinementSampler _refiner;
    private readonly SearchSettings _settings;
    private readonly Gate _gate;
    private readonly string _key;
    private readonly string _instruction;
    private readonly List<SearchNode> _nodes = [];
    private readonly Dictionary<string, SearchNode> _valued = new(StringComparer.Ordinal);
    private readonly List<string> _unparsed = [];
    private int _budgeted;
    private int _spared;
    private int _nextId = 1;
    private int _choices;

    public TreeGrowth(
        IJudge judge, RefinementSampler refiner, SearchSettings settings, string key, string instruction,
        string response, Valuation valuation)
    {
        (_judge, _refiner, _settings, _gate, _key, _instruction) =
            (judge, refiner, settings, settings.ToGate(), key, instruction);
        Root = new SearchNode(0, null, 0, response, null, valuation);
        _nodes.Add(Root);
        _valued.Add(response, Root);
    }

    public SearchNode Root { get; }

    /// <summary>True once a step did not fit into the budget.</summary>
    public bool OverBudget { get; private set; }

    /// <summary>The node that passed the gate, once there is one.</summary>
    public SearchNode? Found { get; private set; }

    /// <summary>True when there is nothing left to look for.</summary>
    public bool Ended => OverBudget || Found is not null;

    /// <summary>
    /// Refines a node <see cref="SearchSettings.Branch"/> times and values the new responses; sets <see cref="Found"/>
    /// or <see cref="OverBudget"/>.
    /// </summary>
    /// <returns>The children that can be expanded in turn, in the order of their ids.</returns>
    public async Task<IReadOnlyList<SearchNode>> ExpandAsync(SearchNode node, CancellationToken cancellationToken)
    {
        if (node.Valuation?.Critique is not { } critique)
        {
            return [];
        }

        int first = _nextId;
        _nextId += _settings.Branch;
        Refinement?[] refinements = await RefineAsync(node, critique, first, cancellationToken).ConfigureAwait(false);
        List<SearchNode> children = [];
        for (int i = 0; i < refinements.Length; i++)
        {
            if (refinements[i]?.Response is { } response)
            {
                children.Add(
                    new SearchNode(first + i, node.Id, node.Depth + 1, response, refinements[i]!.Output, null));
            }
        }

        await JudgeAsync(children, cancellationToken).ConfigureAwait(false);
        _nodes.AddRange(children);
        SearchNode[] passed = [.. children.Where(child => _gate.Passes(child.Valuation))];
        Found = passed.Length < 2
            ? passed.FirstOrDefault()
            : (await CompleteAsync(passed, cancellationToken).ConfigureAwait(false)).MaxBy(child => child.Value);
        return [.. children.Where(child => child.Valuation?.Critique is not null)];
    }

    /// <summary>
    /// Chooses up to <see cref="SearchSettings.SelectBranch"/> nodes of at least a value, best (or first drawn) first.
    /// </summary>
    public async Task<IReadOnlyList<SearchNode>> SelectAsync(
        IReadOnlyList<SearchNode> nodes, double least, CancellationToken cancellationToken)
    {
        // One node alone needs no comparison.
        nodes = nodes.Count < 2 && least == 0
            ? nodes
            : [.. (await CompleteAsync(nodes, cancellationToken).ConfigureAwait(false))
                .Where(node => node.Value >= least)];
        if (_settings.Selection == NodeSelection.Greedy)
        {
            return [.. nodes.OrderByDescending(node => node.Value).Take(_settings.SelectBranch)];
        }

        SeededRandom random = new(_refiner.Session.SeedOf($"{_key}/select{_choices++}"));
        List<SearchNode> left = [.. nodes];
        List<SearchNode> chosen = [];
        while (chosen.Count < _settings.SelectBranch && left.Count > 0)
        {
            double total = left.Sum(node => node.Value);
            double mark = random.NextDouble() * total;
            int at = total == 0 ? random.Next(left.Count) : 0;
            for (; total > 0 && at < left.Count - 1 && (mark -= left[at].Value) >= 0; at++)
            {
            }

            chosen.Add(left[at]);
            left.RemoveAt(at);
        }

        return chosen;
    }

    public SearchTree Finish(string? failure = null)
    {
        SearchOutcome outcome = (failure, Found, OverBudget) switch
        {
            (not null, _, _) => SearchOutcome.Failed,
            (_, not null, _) => SearchOutcome.Success,
            (_, _, true) => SearchOutcome.OverBudget,
            _ => SearchOutcome.Exhausted,
        };
        return new SearchTree(outcome, outcome == SearchOutcome.Success
            ? Found!.Id : null, _nodes, _budgeted - _spared, _unparsed, failure);
    }

    /// <summary>
    /// Samples the refinements of a node, and again those that could not be read, as often as the settings and the
    /// budget allow.
    /// </summary>
    private async Task<Refinement?[]> RefineAsync(
        SearchNode node, string critique, int firstId, CancellationToken cancellationToken)
    {
        Refinement?[] refinements = new Refinement?[_settings.Branch];
        for (int attempt = 0; attempt < _settings.RefinementTries; attempt++)
        {
            int[] missing = [.. Enumerable.Range(0, _settings.Branch).Where(i => refinements[i]?.Response is null)];
            int affordable = Math.Min(missing.Length, _settings.MaxCalls - _budgeted);
            OverBudget |= affordable < missing.Length;
            _budgeted += affordable;
            Refinement[] tried = await _refiner.RefineAsync(
                [.. missing.Take(affordable).Select(i => $"{_key}/n{firstId + i}/refine/try{attempt}")],
                _instruction, node.Response, critique, cancellationToken).ConfigureAwait(false);
            foreach ((int at, Refinement refinement) in tried.Index())
            {
                refinements[missing[at]] = refinement;
            }

            _unparsed.AddRange(missing.Take(affordable).Select(i => refinements[i]!.Unparsed).OfType<string>());
        }

        return refinements;
    }

    /// <summary>Gives the children their votes: a response seen before in this tree takes the earlier one's.</summary>
    private async Task JudgeAsync(List<SearchNode> children, CancellationToken cancellationToken)
    {
        List<int> toJudge = [];
        HashSet<string> fresh = new(StringComparer.Ordinal);
        for (int i = 0; i < children.Count; i++)
        {
            string response = children[i].Response;
            if (_valued.ContainsKey(response) || !fresh.Add(response))
            {
                continue;
            }

            if (_budgeted + _judge.MostCalls > _settings.MaxCalls)
            {
                OverBudget = true;
                break;
            }

            _budgeted += _judge.MostCalls;
            toJudge.Add(i);
        }

        await Task.WhenAll(toJudge.Select(async i =>
        {
            Valuation valuation = await _judge.JudgeAsync(
                $"{_key}/n{children[i].Id}/judge", _instruction, children[i].Response, cancellationToken)
                .ConfigureAwait(false);
            children[i] = children[i] with { Valuation = valuation };
        })).ConfigureAwait(false);
        _spared += toJudge.Sum(i => _judge.MostCalls - children[i].Valuation!.Calls);

        for (int i = 0; i < children.Count; i++)
        {
            if (!_valued.TryGetValue(children[i].Response, out SearchNode? earlier))
            {
                if (children[i].Valuation is not null)
                {
                    _valued.Add(children[i].Response, children[i]);
                }
            }
            else
            {
                children[i] = children[i] with { Valuation = earlier.Valuation, SameAs = earlier.Id };
            }
        }
    }

    /// <summary>
    /// Completes the votes of nodes whose values are to be compared, here and wherever else in the tree the same
    /// responses stand.
    /// </summary>
    /// <returns>The same nodes with their votes completed.</returns>
    private async Task<IReadOnlyList<SearchNode>> CompleteAsync(
        IReadOnlyList<SearchNode> nodes, CancellationToken cancellationToken)
    {
        SearchNode[] open = [
            .. nodes.Where(node => node.Valuation?.SparedKey is not null).Select(node => _valued[node.Response])
                .Distinct()];
        if (open.Length == 0)
        {
            return nodes;
        }

        await Task.WhenAll(open.Select(async node =>
        {
            Valuation valuation = await _judge.CompleteAsync(
                _instruction, node.Response, node.Valuation!, cancellationToken).ConfigureAwait(false);
            lock (_valued)
            {
                _valued[node.Response] = node with { Valuation = valuation };
                _spared -= node.Parent is null ? 0 : valuation.Calls - node.Valuation!.Calls;
            }
        })).ConfigureAwait(false);
        for (int i = 0; i < _nodes.Count; i++)
        {
            _nodes[i] = Current(_nodes[i]);
        }

        return [.. nodes.Select(Current)];

        SearchNode Current(SearchNode node) => _valued.TryGetValue(node.Response, out SearchNode? valued)
            ? node with { Valuation = valued.Valuation } : node;
    }
}
