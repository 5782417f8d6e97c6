using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Exports;

/// <summary>A data set as it is exported.</summary>
/// <param name="Stage">The training that learns it.</param>
/// <param name="File">Its file's name.</param>
/// <param name="Preference">Whether it has pairs.</param>
internal sealed record ExportedSet(string Stage, string File, bool Preference);

/// <summary>
/// What people and trainers want to know of exported data: <c>statistics.json</c> (rows, kinds, lengths, what was left
/// out and why, by data set) and <c>README.md</c>, a card with the front matter by which the Hugging Face hub loads the
/// files. Both are a view of the run: the same run gives the same bytes.
/// </summary>
internal static class DataCard
{
    /// <summary>The file with the numbers.</summary>
    public const string StatisticsFile = "statistics.json";

    /// <summary>The file with the card.</summary>
    public const string CardFile = "README.md";

    /// <summary>The numbers of all data sets.</summary>
    /// <param name="store">The run.</param>
    /// <param name="sets">The data sets.</param>
    public static JsonObject Statistics(RunStore store, IReadOnlyList<ExportedSet> sets)
    {
        JsonObject all = [];
        foreach (ExportedSet set in sets)
        {
            all[set.File] = Of(store, set);
        }

        return all;
    }

    /// <summary>The card.</summary>
    /// <param name="store">The run.</param>
    /// <param name="sets">The data sets.</param>
    /// <param name="statistics">What <see cref="Statistics"/> gave.</param>
    public static string Text(RunStore store, IReadOnlyList<ExportedSet> sets, JsonObject statistics)
    {
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        string taught = RecipeTrainings.TaughtIn(recipe);
        long rows = statistics.Sum(set => (long)set.Value!["rows"]!);
        StringBuilder text = new("---\nconfigs:\n");
        foreach (ExportedSet set in sets)
        {
            string name = Path.GetFileNameWithoutExtension(set.File);
            text.Append(CultureInfo.InvariantCulture, $"- config_name: {name}\n  data_files: {set.File}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"""
            task_categories:
            - text-generation
            size_categories:
            - {Size(rows)}
            tags:
            - instruction-following
            - preference
            - self-play
            - spar
            ---
            # Training data of a run

            Made by `spar run` (method {recipe.GetValueOrDefault("method", "spar")}, seed {recipe.GetValueOrDefault("seed", "?")}) from
            {RecipeTrainings.StartsIn(recipe)}: responses, judgements and refinements are the models' own words
            {(recipe.ContainsKey("prompts.files.0") ? "on prompts from files" : "on prompts of the built-in world")}. The licences of the prompts and of the model hold for it.{taught}

            | file | what | rows | kinds | words of a prompt | words of a response | left out |
            | --- | --- | --- | --- | --- | --- | --- |

            """);
        foreach (ExportedSet set in sets)
        {
            JsonNode one = statistics[set.File]!;
            JsonNode responses = one[set.Preference ? "chosenWords" : "responseWords"]!;
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {set.File} | {What(set)} | {(long)one["rows"]!} | {Pairs(one["kinds"])} | {Range(one["promptWords"]!)} | ");
            text.Append(CultureInfo.InvariantCulture, $"{Range(responses)} | {Pairs(one["leftOut"])} |\n");
        }

        text.Append("\nWords are given as median (least to most). Beside each file stand where its rows come from "
            + "(`.rows.jsonl`: the prompt's id and the row's kind) and\nthe recipe's settings for its training; all "
            + "numbers are in `statistics.json`.\n");
        foreach ((string title, string stage, string unit) in new[]
        {
            ("Prompts", StageNames.Prompts, "prompts"), ("Lessons", StageNames.Lessons, "lessons"),
        })
        {
            if (store.FindProduct<PromptsProduct>(stage) is { Found: { } found })
            {
                text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n").AppendJoin("", [
                    .. found.Files.Select(file => Line(Path.GetFileName(file.Path), file.Rows, "rows")),
                    .. found.Dropped.Select(one => Line($"left out, {one.Key}", one.Value, "rows")),
                    .. found.Splits.Select(split => Line(split.Name, split.Taken, unit)),
                ]);
            }
        }

        return text.ToString();

        static string Line(string name, long count, string what) =>
            string.Create(CultureInfo.InvariantCulture, $"- {name}: {count} {what}\n");
    }

    private static JsonObject Of(RunStore store, ExportedSet set)
    {
        int dash = set.Stage.LastIndexOf('-');
        int iteration = int.Parse(set.Stage[(dash + 1)..], CultureInfo.InvariantCulture);
        bool actor = set.Stage == StageNames.Actor(iteration);
        JsonObject numbers = [];
        JsonObject leftOut = LeftOut(store, set.Stage, iteration, actor);
        StageStatistics made;
        if (iteration == 0)
        {
            SupervisedProduct lessons = store.FindProduct<SupervisedProduct>(
                actor ? StageNames.ActorSftData : StageNames.RefinerSftData)!;
            made = lessons.Statistics;
            Rows(numbers, lessons.Rows);
        }
        else
        {
            DataProduct data = DataProduct.Find(store, iteration)!;
            made = data.Statistics;
            if (set.Preference)
            {
                Pairs(numbers, TrainerRows.Whole(data.Pairs));
                if (data.Pairs.Count - (long)numbers["rows"]! is > 0 and var cutOff)
                {
                    // An external trainer has counted the same pairs.
                    leftOut[StageStatistics.RowsLeftOut + TrainerRows.RejectedCutOff] = cutOff;
                }
            }
            else
            {
                Rows(numbers, actor ? data.ActorRows ?? [] : data.RefinerRows);
            }
        }

        numbers["leftOut"] = leftOut;
        numbers["made"] = Counts(made.Counts);
        numbers["training"] = Counts(
            store.FindProduct<TrainedProduct>(set.Stage)?.Statistics.Counts ?? new Dictionary<string, long>());
        return numbers;
    }

    private static void Rows(JsonObject numbers, IEnumerable<SupervisedRow> rows)
    {
        HashSet<ulong> prompts = [];
        SortedDictionary<string, long> kinds = new(StringComparer.Ordinal);
        Lengths asked = new();
        Lengths responses = new();
        foreach (SupervisedRow row in rows)
        {
            prompts.Add(StableHash.Of(row.PromptId));
            kinds[row.Kind] = kinds.GetValueOrDefault(row.Kind) + 1;
            asked.Add(row.Prompt);
            responses.Add(row.Response);
        }

        numbers["rows"] = (long)asked.Count;
        numbers["prompts"] = (long)prompts.Count;
        numbers["kinds"] = Counts(kinds);
        numbers["promptWords"] = asked.ToJson();
        numbers["responseWords"] = responses.ToJson();
    }

    private static void Pairs(JsonObject numbers, IEnumerable<PreferencePair> pairs)
    {
        HashSet<ulong> prompts = [];
        Lengths asked = new();
        Lengths chosen = new();
        Lengths rejected = new();
        foreach (PreferencePair pair in pairs)
        {
            prompts.Add(StableHash.Of(pair.PromptId));
            asked.Add(pair.Prompt);
            chosen.Add(pair.Chosen);
            rejected.Add(pair.Rejected);
        }

        numbers["rows"] = (long)asked.Count;
        numbers["prompts"] = (long)prompts.Count;
        numbers["kinds"] = new JsonObject { ["pair"] = (long)asked.Count };
        numbers["promptWords"] = asked.ToJson();
        numbers["chosenWords"] = chosen.ToJson();
        numbers["rejectedWords"] = rejected.ToJson();
    }

    // What the run left out on the way to this data: responses in play, rows or pairs in making it, rows in training.
    private static JsonObject LeftOut(RunStore store, string stage, int iteration, bool actor)
    {
        List<KeyValuePair<string, long>> found = [];
        if (iteration > 0)
        {
            Take(
                store.FindProduct<PlayProduct>(StageNames.Play(iteration))?.Statistics,
                "responses left out: ",
                "responses lost");
        }

        string made = iteration > 0 ? StageNames.Data(iteration)
            : actor ? StageNames.ActorSftData
            : StageNames.RefinerSftData;
        Take(store.FindProduct<Made>(made)?.Statistics, "pairs dropped: ", "instructions left out: ");
        Take(store.FindProduct<TrainedProduct>(stage)?.Statistics, StageStatistics.RowsLeftOut);
        return Counts(found);

        void Take(StageStatistics? statistics, params string[] names) =>
            found.AddRange((statistics?.Counts ?? new Dictionary<string, long>()).Where(one =>
                one.Value > 0 && names.Any(name => one.Key.StartsWith(name, StringComparison.Ordinal))));
    }

    private static JsonObject Counts(IEnumerable<KeyValuePair<string, long>> counts)
    {
        JsonObject json = [];
        foreach ((string name, long count) in counts)
        {
            json[name] = (json[name] is { } before ? (long)before : 0) + count;
        }

        return json;
    }

    private static string Range(JsonNode lengths) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(int)lengths["median"]!} ({(int)lengths["least"]!} to {(int)lengths["most"]!})");

    private static string Pairs(JsonNode? counts) =>
        counts is JsonObject { Count: > 0 } named
            ? string.Join(", ", named.Select(one =>
                string.Create(CultureInfo.InvariantCulture, $"{one.Key} {(long)one.Value!}")))
            : "–";

    private static string What(ExportedSet set) => set switch
    {
        { Preference: true } => "preference pairs of the actor",
        _ when set.Stage.StartsWith("actor-", StringComparison.Ordinal) => "responses for the actor",
        _ => "judgements and refinements for the refiner",
    };

    // The hub's classes.
    private static string Size(long rows) => rows switch
    {
        < 1000 => "n<1K",
        < 10_000 => "1K<n<10K",
        < 100_000 => "10K<n<100K",
        < 1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };

    // What all products of data have in common.
    private sealed record Made(StageStatistics? Statistics = null);

    // Of a million texts, their numbers of words alone are held.
    private sealed class Lengths
    {
        private readonly List<int> _words = [];

        public int Count => _words.Count;

        public void Add(string text) => _words.Add(PlainWords.Of(text).Count);

        public JsonObject ToJson()
        {
            _words.Sort();
            return _words.Count == 0
                ? new JsonObject { ["least"] = 0, ["median"] = 0, ["most"] = 0, ["mean"] = 0.0 }
                : new JsonObject
                {
                    ["least"] = _words[0],
                    ["median"] = _words[_words.Count / 2],
                    ["most"] = _words[^1],
                    ["mean"] = Math.Round(_words.Average(), 2),
                };
        }
    }
}
