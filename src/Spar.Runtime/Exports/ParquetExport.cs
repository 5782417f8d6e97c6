using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Exports;
using Spar.Ground;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Exports;

/// <summary>
/// Writes what a run holds as Parquet files, for DuckDB, pandas, Polars and their like: <c>calls.parquet</c> has a row an
/// answered call, <c>trees.parquet</c> a row a node of a search tree, <c>pairs.parquet</c> a row a preference pair. The
/// columns <c>iteration</c> and <c>item</c> name the same prompt in calls and trees. Rows are read and written as they
/// come, so that memory does not grow with the run.
/// </summary>
public static partial class ParquetExport
{
    private const int PageOfCalls = 4096;

    /// <summary>Writes the three files; one for which the run has nothing yet has its columns and no rows.</summary>
    /// <param name="store">The run.</param>
    /// <param name="directory">Where to; made if it is not there. Files of the same names are replaced.</param>
    /// <exception cref="SparException">The run has no call yet.</exception>
    /// <exception cref="UserFaultException">A file cannot be written.</exception>
    public static IReadOnlyList<ExportedFile> Write(RunStore store, string directory)
    {
        if (store.Calls("", "", 1).Count == 0)
        {
            throw new SparException(
                $"The run in {store.Directory} has no answered call yet. Let it go on until models have answered.");
        }

        TrainingMethod method = StageOrder.MethodIn(store.Identity.Values);
        return
        [
            File("calls.parquet", CallColumns(method), Calls(store)),
            File("trees.parquet", NodeColumns(), Nodes(store)),
            File("pairs.parquet", PairColumns(), Pairs(store)),
        ];

        ExportedFile File<T>(string name, ParquetTable<T> table, IEnumerable<T> rows)
        {
            string path = Path.Combine(directory, name);
            return new ExportedFile(path, table.Write(path, rows));
        }
    }

    private static ParquetTable<KeptCall> CallColumns(TrainingMethod method) => new(
        ParquetColumn<KeptCall>.Text("key", call => call.Key),
        ParquetColumn<KeptCall>.Text("role", call => CallRoles.Of(call.Key)),
        ParquetColumn<KeptCall>.Text("stage", call => StageOrder.OwnerOf(call.Key, method), nullable: true),
        ParquetColumn<KeptCall>.OfSome("iteration", call => PlaceOf(call.Key).Iteration),
        ParquetColumn<KeptCall>.OfSome("item", call => PlaceOf(call.Key).Item),
        ParquetColumn<KeptCall>.Text("text", call => call.Text),
        ParquetColumn<KeptCall>.Of("input_tokens", call => call.InputTokens),
        ParquetColumn<KeptCall>.Of("output_tokens", call => call.OutputTokens),
        ParquetColumn<KeptCall>.Text("finish", call => call.Finish, nullable: true),
        ParquetColumn<KeptCall>.OfSome("probability", call => call.Probability));

    private static IEnumerable<KeptCall> Calls(RunStore store)
    {
        IReadOnlyList<KeptCall> page;
        string after = "";
        do
        {
            page = store.Calls("", after, PageOfCalls);
            foreach (KeptCall call in page)
            {
                yield return call;
            }

            after = page.Count > 0 ? page[^1].Key : after;
        }
        while (page.Count == PageOfCalls);
    }

    // Of self-play's calls: it1/respond/p12/k0, it1/judge/p12/..., it1/tree/p12/...
    private static (int? Iteration, int? Item) PlaceOf(string key) =>
        Played().Match(key) is { Success: true } found ? (Number(found.Groups[1]), Number(found.Groups[2])) : (null, null);

    private static int? Number(Group digits) =>
        int.TryParse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    [GeneratedRegex(@"^it(\d+)/(?:[^/]+/p(\d+)(?:/|$))?")]
    private static partial Regex Played();

    private static ParquetTable<PlayedNode> NodeColumns() => new(
        ParquetColumn<PlayedNode>.Of("iteration", row => row.Iteration),
        ParquetColumn<PlayedNode>.Of("item", row => row.Item),
        ParquetColumn<PlayedNode>.Text("prompt_id", row => row.Record.PromptId),
        ParquetColumn<PlayedNode>.Text("prompt", row => row.Record.Prompt),
        ParquetColumn<PlayedNode>.Text("context", row => Json(row.Record.Context), nullable: true),
        ParquetColumn<PlayedNode>.Text("outcome", row => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{row.Record.Tree!.Outcome}")),
        ParquetColumn<PlayedNode>.Of("node", row => row.Node.Id),
        ParquetColumn<PlayedNode>.OfSome("parent", row => row.Node.Parent),
        ParquetColumn<PlayedNode>.Of("depth", row => row.Node.Depth),
        ParquetColumn<PlayedNode>.Text("response", row => row.Node.Response),
        ParquetColumn<PlayedNode>.OfSome("value", row => row.Node.Valuation?.Value),
        ParquetColumn<PlayedNode>.OfSome("yes", row => row.Node.Valuation?.Yes),
        ParquetColumn<PlayedNode>.OfSome("no", row => row.Node.Valuation?.No),
        ParquetColumn<PlayedNode>.OfSome(
            "unparsed", row => row.Node.Valuation is { } valuation ? valuation.Unparsed?.Count ?? 0 : (int?)null),
        ParquetColumn<PlayedNode>.OfSome("probability", row => row.Node.Valuation?.Probability),
        ParquetColumn<PlayedNode>.OfSome("verified", row => row.Node.Valuation?.Verified),
        ParquetColumn<PlayedNode>.Text("critique", row => row.Node.Valuation?.Critique, nullable: true),
        ParquetColumn<PlayedNode>.Text("refinement", row => row.Node.Refinement, nullable: true),
        ParquetColumn<PlayedNode>.OfSome("same_as", row => row.Node.SameAs),
        ParquetColumn<PlayedNode>.Of("on_path", row => row.OnPath));

    private static IEnumerable<PlayedNode> Nodes(RunStore store)
    {
        for (int iteration = 1; store.CountItems(StageNames.Play(iteration)) > 0; iteration++)
        {
            foreach ((int item, PlayRecord record) in store.ReadItems<PlayRecord>(StageNames.Play(iteration)))
            {
                if (record.Tree is not { } tree)
                {
                    continue;
                }

                HashSet<int> path = tree.Found is { } found ? [.. tree.PathTo(found).Select(node => node.Id)] : [];
                foreach (SearchNode node in tree.Nodes)
                {
                    yield return new PlayedNode(iteration, item, record, node, path.Contains(node.Id));
                }
            }
        }
    }

    private static ParquetTable<PlayedPair> PairColumns() => new(
        ParquetColumn<PlayedPair>.Of("iteration", row => row.Iteration),
        ParquetColumn<PlayedPair>.Text("prompt_id", row => row.Pair.PromptId),
        ParquetColumn<PlayedPair>.Text("prompt", row => row.Pair.Prompt),
        ParquetColumn<PlayedPair>.Text("context", row => Json(row.Pair.Context), nullable: true),
        ParquetColumn<PlayedPair>.Text("chosen", row => row.Pair.Chosen),
        ParquetColumn<PlayedPair>.Text("rejected", row => row.Pair.Rejected),
        ParquetColumn<PlayedPair>.Of("rejected_cut_off", row => row.Pair.RejectedCutOff == true));

    private static IEnumerable<PlayedPair> Pairs(RunStore store)
    {
        for (int iteration = 1; DataProduct.Find(store, iteration) is { } data; iteration++)
        {
            foreach (PreferencePair pair in data.Pairs)
            {
                yield return new PlayedPair(iteration, pair);
            }
        }
    }

    private static string? Json(IReadOnlyList<ChatTurn>? context) => context is null
        ? null
        : JsonSerializer.Serialize(
            context.Select(turn => new Dictionary<string, string> { ["role"] = turn.Role, ["content"] = turn.Text }),
            JsonSettings.Compact);

    private sealed record PlayedNode(int Iteration, int Item, PlayRecord Record, SearchNode Node, bool OnPath);

    private sealed record PlayedPair(int Iteration, PreferencePair Pair);
}
