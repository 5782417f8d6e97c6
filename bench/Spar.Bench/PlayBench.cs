using System.Collections;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Exports;
using Spar.Ground;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Bench;

/// <summary>
/// One iteration of a run (responses, judging, search, training data, all kept in a run directory) and its export, with a
/// model in this process that answers at once: what the orchestration itself takes, in calls a second and in memory.
/// </summary>
internal static class PlayBench
{
    /// <summary>Settings of a measurement, each as name=value.</summary>
    /// <param name="arguments">
    /// prompts, concurrency, responses, votes, branch, depth, yes (share of judgements), words (of an answer), quota (most
    /// rows of each kind for the refiner; the recipe's own otherwise), directory (the run's; a temporary one otherwise).
    /// </param>
    public static async Task RunAsync(string[] arguments)
    {
        Dictionary<string, string> given = arguments.Select(one => one.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        int Count(string name, int preset) =>
            given.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : preset;

        int prompts = Count("prompts", 100_000);
        double yes = given.TryGetValue("yes", out string? share) ? double.Parse(share, CultureInfo.InvariantCulture) : 0.3;
        string directory = given.GetValueOrDefault("directory")
            ?? Path.Combine(Path.GetTempPath(), $"spar-play-{Environment.ProcessId}");
        TemplateSet templates = TemplateSet.Load("compact");
        Recipe recipe = new()
        {
            BaseModel = "instant",
            PromptSet = "compact",
            SftPrompts = 0,
            RefinerPrompts = 0,
            Iterations = 1,
            PromptsPerIteration = prompts,
            Responses = Count("responses", 1),
            Votes = Count("votes", 1),
            Search = new() { Order = SearchOrder.Bfs, Branch = Count("branch", 2), SelectBranch = 1, MaxDepth = Count("depth", 2) },
            ActorSft = new() { LearningRate = 1, Epochs = 0 },
            RefinerSft = new() { LearningRate = 1, Epochs = 0 },
            Dpo = new() { LearningRate = 1, Epochs = 0 },
            Rft = new() { LearningRate = 1, Epochs = 0 },
            Concurrency = Count("concurrency", 256),
            Quotas = given.ContainsKey("quota")
                ? new()
                {
                    Refinements = Count("quota", 0),
                    TreeYes = Count("quota", 0),
                    TreeNo = Count("quota", 0),
                    VoteYes = Count("quota", 0),
                    VoteNo = Count("quota", 0),
                }
                : new(),
        };
        Stopwatch watch = Stopwatch.StartNew();
        Watcher watcher = new();
        RunResults results;
        using (RunStore store = RunStore.Open(directory, new RunIdentity(new Dictionary<string, string> { ["seed"] = "1" })))
        {
            results = await new SelfPlayRun
            {
                Recipe = recipe,
                Templates = templates,
                Host = new InstantHost(templates.Format, yes, Count("words", 12)),
                Trainer = new NoTrainer(),
                Teacher = null,
                Prompts = new Numbered(),
                Store = store,
                Observer = watcher,
            }.RunAsync(CancellationToken.None).ConfigureAwait(false);
        }

        double seconds = watch.Elapsed.TotalSeconds;
        string export = Path.Combine(directory, "export");
        using (RunStore store = RunStore.OpenForReading(directory))
        {
            IReadOnlyList<ExportedFile> files = RunExport.Write(store, ExportFormat.Trl, export);
            string rows = string.Join(", ", files
                .Where(file => file.Rows > 0 && !file.Path.EndsWith(".rows.jsonl", StringComparison.Ordinal))
                .Select(file => $"{Path.GetFileNameWithoutExtension(file.Path)} {file.Rows}"));
            Console.Error.WriteLine($"  export {watch.Elapsed.TotalSeconds - seconds:0.0} s, {Peak} MiB; rows {rows}");
        }

        StageTiming play = watcher.Play!;
        Process process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{prompts} prompts: play {play.Seconds:0.0} s, {play.Calls} calls, {play.Calls / play.Seconds:0} calls/s; "
            + $"whole run {seconds:0.0} s, processor {process.TotalProcessorTime.TotalSeconds:0} s; memory "
            + $"{Peak} MiB at most; run.db {new FileInfo(Path.Combine(directory, "run.db")).Length >> 20} MiB"));
        Console.WriteLine(string.Join(", ", watcher.Statistics!.Counts.Select(one => $"{one.Key} {one.Value}")));
        if (!given.ContainsKey("directory"))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static long Peak => Process.GetCurrentProcess().PeakWorkingSet64 >> 20;

    private sealed class Watcher : IRunObserver
    {
        public StageTiming? Play { get; private set; }

        public StageStatistics? Statistics { get; private set; }

        public void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
        {
            Console.Error.WriteLine($"  {stage} {timing.Seconds:0.0} s, {Peak} MiB");
            if (stage == StageNames.Play(1))
            {
                (Play, Statistics) = (timing, statistics);
            }
        }
    }

    private sealed class Numbered : IPromptSource
    {
        public IReadOnlyList<Prompt> Take(PromptSplit split, int count) => new NumberedList(count);
    }

    // Each prompt is made when it is asked for.
    private sealed class NumberedList(int count) : IReadOnlyList<Prompt>
    {
        public int Count => count;

        public Prompt this[int index] => new(
            string.Create(CultureInfo.InvariantCulture, $"p{index}"),
            string.Create(CultureInfo.InvariantCulture, $"Write two lines about the number {index} without naming it."));

        public IEnumerator<Prompt> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class NoTrainer : ITrainer
    {
        public Task<TrainingReport> TrainAsync(
            TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This run trains nothing.");
    }

    private sealed class InstantHost(OutputFormat format, double yes, int words) : IModelHost
    {
        public ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken) =>
            new(new FunctionChatClient((_, options, _) => Task.FromResult(Answer(options!))));

        private Answer Answer(ChatOptions options)
        {
            string key = options.Call()!.Key;
            SeededRandom random = new((ulong)options.Seed!.Value);
            string text = string.Join(' ', Enumerable.Range(0, words).Select(_ => s_words[random.Next(s_words.Length)]));
            string answer = key.Contains("/judge", StringComparison.Ordinal)
                    ? $"{text}\n{format.Verdict} {(random.NextDouble() < yes ? format.Yes : format.No)[0]}"
                : key.Contains("/refine/", StringComparison.Ordinal) && format.ResponseStart is { } start
                    ? $"{start}\n{text}\n{format.ResponseEnd}"
                : text;
            return new Answer(answer, 60, words, "stop");
        }

        private static readonly string[] s_words =
            ["tide", "salt", "wind", "boats", "come", "home", "under", "a", "pale", "moon", "while", "nets", "dry"];
    }
}
