using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Ground;
using Spar.Nano;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Experiments;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>A model that teaches M_0 and R_0.</summary>
public sealed partial class TeacherTests : IDisposable
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-teacher").FullName;

    public TeacherTests() =>
        File.WriteAllText(
            Path.Combine(_folder, "prompts.jsonl"),
            string.Concat(
                TrainingTasks.Draw(5, 16, TaskForm.Line)
                    .Select(task => new JsonObject { ["prompt"] = task.Instruction }.ToJsonString() + "\n")
            )
        );

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_served_model_teaches_and_is_counted_apart()
    {
        using LoopbackServer server = new((_, request) => Teach(request));
        RunResults results = await RunAsync(
            "run",
            Recipe(server, "teacher: { model: MODEL, judge: { temperature: 0.25 } }")
        );

        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        SupervisedProduct actor = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!;
        Assert.Equal(4, actor.Rows.Count);
        Assert.All(actor.Rows, row => Assert.StartsWith("taught ", row.Response, StringComparison.Ordinal));
        SupervisedProduct refiner = store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)!;
        Assert.NotEmpty(refiner.Rows);
        Assert.Contains(
            refiner.Rows,
            row => row is { Kind: RowKinds.Refinement, Response: "mend\nrefined: better" }
        );

        // What is asked of whom, and how, is the recipe's to say.
        JsonNode[] judged = [.. server.Requests.Where(IsJudge)];
        Assert.Equal(4, judged.Length);
        Assert.All(judged, request => Assert.Equal(0.25, request["temperature"]!.GetValue<double>(), 6));
        Assert.All(judged, request => Assert.Equal(48, request["max_tokens"]!.GetValue<int>()));
        RoleCalls teacher = results.Roles.Single(role => role.Role == "teacher");
        Assert.Equal(
            (server.Requests.Count, 7L * server.Requests.Count, 3L * server.Requests.Count),
            (teacher.Calls, teacher.InputTokens, teacher.OutputTokens)
        );
        Assert.Equal(4, results.Roles.Single(role => role.Role == "actor").Calls);
        Assert.Equal(results.ModelCalls, results.Roles.Sum(role => role.Calls));
        Assert.True(store.FindProduct<TrainedProduct>(StageNames.Actor(0))!.Steps.Count > 0);
        Assert.True(store.FindProduct<TrainedProduct>(StageNames.Refiner(0))!.Steps.Count > 0);
    }

    [Fact]
    public async Task A_teacher_that_is_not_there_is_found_before_the_run()
    {
        string file = Path.Combine(_folder, "gone.yaml");
        string gone = $"http://127.0.0.1:{FreePort.Next()}/v1#master";
        File.WriteAllText(
            file,
            $"base_model: {s_nano}\nprompts: {{ files: [prompts.jsonl] }}\nrespond: {{ max_tokens: 64 }}\n"
                + $"judge: {{ max_tokens: 200 }}\nteacher: {{ model: '{gone}' }}"
        );
        UserFaultException fault = await Assert.ThrowsAnyAsync<UserFaultException>(() =>
            Preflight.ReadAsync(RecipeDocument.Read(file), _folder, CancellationToken.None)
        );
        Assert.Contains("gone.yaml:5:12: teacher.model cannot be used", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_are_cut_off_empty_refused_or_unreadable_are_no_lessons_and_are_counted()
    {
        Reply Answer(int number, JsonNode request)
        {
            string asked = Asked(request);
            return asked.StartsWith("refine\n", StringComparison.Ordinal)
                    ? number % 2 == 0
                        ? LoopbackServer.Says("no mark here")
                        : LoopbackServer.Says("mend\nrefined: half", "length")
                : asked.StartsWith("judge\n", StringComparison.Ordinal)
                    ? (number % 4) switch
                    {
                        0 => LoopbackServer.Says("I cannot say."),
                        1 => LoopbackServer.Says("it is so\njudgement: yes", "length"),
                        _ => LoopbackServer.Says("it is so\njudgement: no"),
                    }
                : number switch
                {
                    0 => LoopbackServer.Says("taught, but not to the", "length"),
                    1 => LoopbackServer.Says("  "),
                    2 => LoopbackServer.Says("I will not.", "content_filter"),
                    _ => LoopbackServer.Says("taught the cat"),
                };
        }

        using LoopbackServer server = new(Answer);
        Log log = new();
        await RunAsync("run", Recipe(server, "teacher: { model: MODEL }\nbalance_judgements: false"), log);

        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        SupervisedProduct actor = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!;
        Assert.Equal("taught the cat", Assert.Single(actor.Rows).Response);
        IReadOnlyDictionary<string, long> counts = actor.Statistics.Counts;
        Assert.Equal(1, counts["responses left out: cut off at the token limit"]);
        Assert.Equal(1, counts["responses left out: empty"]);
        Assert.Equal(1, counts["responses left out: refused by the server's filter"]);

        SupervisedProduct refiner = store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)!;
        Assert.All(refiner.Rows, row => Assert.Equal(RowKinds.JudgementNo, row.Kind));
        Assert.DoesNotContain(refiner.Rows, row => row.Response.Contains("half", StringComparison.Ordinal));
        counts = refiner.Statistics.Counts;
        Assert.Equal(4, counts["judged no"] + counts["not judged"]);
        Assert.Equal(counts["judged no"], refiner.Rows.Count);
        Assert.Equal(
            counts["not judged"],
            Sum("unparsed judgement: ")
        );
        Assert.Equal(
            counts["judged no"],
            Sum("unparsed refinement: ")
        );
        Assert.DoesNotContain(log.Warnings, warning => warning.Contains("nothing to train", StringComparison.Ordinal));

        long Sum(string prefix) =>
            counts.Where(count => count.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(count => count.Value);
    }

    [Fact]
    public async Task Lessons_whose_calls_failed_are_missing_as_far_as_may_be()
    {
        using LoopbackServer server = new((i, request) =>
            i == 0 ? new Reply(400, """{"error": {"message": "no such luck"}}""") : Teach(request)
        );
        RunRecipe recipe = Recipe(server, "teacher: { model: MODEL }\nrefiner_sft: { epochs: 0 }\nconcurrency: 1");
        SparException fault = await Assert.ThrowsAsync<SparException>(() => RunAsync("run", recipe));
        Assert.Contains("1 of 4 items of stage actor-sft-data are missing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no such luck", fault.Message, StringComparison.Ordinal);

        // What was answered is kept; only what failed is asked for again.
        await RunAsync("run", recipe);
        Assert.Equal(5, server.Requests.Count);

        using LoopbackServer other = new((i, request) =>
            i == 0 ? new Reply(400, """{"error": {"message": "no such luck"}}""") : Teach(request)
        );
        recipe = Recipe(other, "teacher: { model: MODEL }\nrefiner_sft: { epochs: 0 }\nconcurrency: 1");
        using RunStore store = RunStore.Open(Path.Combine(_folder, "allowed"), RunIdentities.Of(recipe));
        RunResults results = await RunComposer
            .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System, allowFailed: 0.5)
            .RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("actor-sft-data", 1), (results.Failed!.Single().Stage, results.Failed!.Single().Missing));
        Assert.Equal(3, store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!.Rows.Count);
    }

    [Fact]
    public async Task A_conversation_is_put_to_the_teacher_turn_by_turn()
    {
        File.WriteAllText(
            Path.Combine(_folder, "prompts.jsonl"),
            string.Concat(
                TrainingTasks.Draw(5, 16, TaskForm.Line)
                    .Select(task => new JsonObject { ["system"] = "You rhyme.", ["prompt"] = task.Instruction })
                    .Select(row => row.ToJsonString() + "\n")
            )
        );
        using LoopbackServer server = new((_, request) => Teach(request));
        await RunAsync("run", Recipe(server, "teacher: { model: MODEL }\nrefiner_sft: { epochs: 0 }"));
        Assert.Equal(4, server.Requests.Count);
        Assert.All(
            server.Requests,
            request => Assert.Equal(
                ["system", "user"],
                request["messages"]!.AsArray().Select(turn => turn!["role"]!.GetValue<string>())
            )
        );
    }

    [Fact]
    public async Task A_run_that_was_killed_asks_the_teacher_nothing_twice()
    {
        using LoopbackServer whole = new((_, request) => Teach(request));
        await RunAsync("whole", Recipe(whole, "teacher: { model: MODEL }\nconcurrency: 1"));

        using CancellationTokenSource stop = new();
        using LoopbackServer server = new((i, request) =>
        {
            if (i == 6)
            {
                stop.Cancel();
            }

            return Teach(request);
        });
        RunRecipe recipe = Recipe(server, "teacher: { model: MODEL }\nconcurrency: 1");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync("run", recipe, null, stop.Token));
        int before = server.Requests.Count;
        await RunAsync("run", recipe);

        // The one call that was in flight is made again.
        Assert.Equal(7, before);
        Assert.InRange(server.Requests.Count, whole.Requests.Count, whole.Requests.Count + 1);
        Assert.Equal(Rows("whole"), Rows("run"));
    }

    [Fact]
    public async Task A_teacher_whose_judgements_cannot_be_read_ends_the_run()
    {
        File.WriteAllText(
            Path.Combine(_folder, "prompts.jsonl"),
            string.Concat(
                TrainingTasks.Draw(6, 120, TaskForm.Line)
                    .Select(task => new JsonObject { ["prompt"] = task.Instruction }.ToJsonString() + "\n")
            )
        );
        using LoopbackServer server = new((_, request) =>
            IsJudge(request)
                ? LoopbackServer.Says("Looks fine to me.")
                : Teach(request)
        );
        RunRecipe recipe = Recipe(server, "teacher: { model: MODEL }\nactor_sft: { epochs: 0 }", refinerPrompts: 60);
        RunFaultException fault = await Assert.ThrowsAsync<RunFaultException>(() => RunAsync("run", recipe));
        Assert.Contains("Looks fine to me.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_teaches_without_leave_to_be_trained()
    {
        using LoopbackServer server = new((_, request) => Teach(request));
        RunRecipe recipe = Recipe(server, $"teacher: {{ model: {s_nano}, respond: {{ temperature: 0 }} }}");
        await RunAsync("run", recipe);
        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        Assert.NotEmpty(store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!.Rows);
        Assert.Empty(server.Requests);
        Assert.Contains("sha256:", store.Identity.Values["teacher.model"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("teacher: {}", "teacher.model must name the model that teaches")]
    [InlineData("teacher: { model: nowhere }", "teacher.model must name the folder of a checkpoint")]
    [InlineData("teacher: { model: 'ftp://x#m' }", "teacher.model cannot be used: 'ftp://x#m' names no served model")]
    [InlineData("teacher: { model: MODEL, files: [prompts.jsonl] }", "teacher.files must be left out")]
    [InlineData("teacher: { model: MODEL, mend: true }", "teacher.mend must be left out")]
    [InlineData("teacher: { mend: true, judge: { top_p: 0.5 } }", "teacher.judge must be left out with mend")]
    [InlineData("refinement: none\nteacher: { mend: true, play: true }", "teacher.play must be left out where no")]
    [InlineData("method: self\nteacher: { mend: true, play: true }", "teacher.play must be left out where no")]
    [InlineData("teacher: { files: [nowhere.jsonl] }", "teacher.files.0 cannot be used")]
    [InlineData("teacher: { model: MODEL, respond: { top_p: 0 } }", "teacher.respond.top_p must be")]
    [InlineData("teacher: { model: NANO, judge: { max_tokens: 500 } }", "its context holds 512 tokens, and a judge")]
    public void What_cannot_teach_is_refused_by_its_key(string teacher, string words)
    {
        using LoopbackServer server = new((_, request) => Teach(request));
        SparException fault = Assert.Throws<SparException>(() => Recipe(server, teacher));
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sft_prompts: 4\nrefiner_prompts: 4\n", "sft_prompts, refiner_prompts: without effect")]
    [InlineData("actor_sft: { epochs: 1 }\n", "actor_sft: without effect")]
    [InlineData("actor_sft: { epochs: 0 }\n", null)]
    [InlineData("", null)]
    public async Task Keys_of_lessons_that_nobody_gives_are_warned_of(string keys, string? words)
    {
        string file = Path.Combine(_folder, "r.yaml");
        File.WriteAllText(
            file,
            $"base_model: {s_nano}\nprompt_set: compact\nprompts: {{ files: [prompts.jsonl] }}\n"
                + $"respond: {{ max_tokens: 64 }}\njudge: {{ max_tokens: 200 }}\n{keys}"
        );
        IReadOnlyList<string> warnings = (
            await Preflight.ReadAsync(RecipeDocument.Read(file), _folder, CancellationToken.None)
        ).Warnings;
        Assert.Equal(
            words is null ? 0 : 1,
            warnings.Count(warning => warning.Contains(words ?? "without effect", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task An_experiment_warns_of_them_too()
    {
        string file = Path.Combine(_folder, "experiment.yaml");
        File.WriteAllText(
            file,
            $"recipe:\n  base_model: {s_nano}\n  prompts: {{ files: [prompts.jsonl] }}\n  sft_prompts: 4\n"
                + "  respond: { max_tokens: 64 }\n  judge: { max_tokens: 200 }\n  evaluation: [{ name: nano }]\n"
                + "  nano: { held_out_prompts: 1, held_out_repairs: 0, held_out_searched: 0, held_out_judged: 0 }\n"
                + "variants:\n  one: { responses: 3 }\n"
        );
        Experimenter observer = new();
        ExperimentWork work = new(file, [3], Path.Combine(_folder, "out"), 1, observer, TimeProvider.System);
        await work.RunStartAsync(3, TestContext.Current.CancellationToken);
        Assert.StartsWith("sft_prompts: without effect", Assert.Single(observer.Warnings), StringComparison.Ordinal);
        Assert.Equal(s_nano, work.StartModel(ModelRole.Actor, 3));
    }

    private static bool IsJudge(JsonNode request) => Asked(request).StartsWith("judge\n", StringComparison.Ordinal);

    private static string Asked(JsonNode request) => request["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>();

    private static Reply Teach(JsonNode request)
    {
        string asked = Asked(request);
        ulong hash = StableHash.Of($"{asked} {request["seed"]}");
        return LoopbackServer.Says(
            IsJudge(request) ? $"it is so\njudgement: {(hash % 2 == 0 ? "yes" : "no")}"
            : asked.StartsWith("refine\n", StringComparison.Ordinal) ? "mend\nrefined: better"
            : $"taught {hash % 7}"
        );
    }

    private const string RefinerSft = "refiner_sft: { epochs: 1, warmup_ratio: 0 }";

    private const string ActorSft = "actor_sft: { epochs: 1, warmup_ratio: 0 }";

    private RunRecipe Recipe(LoopbackServer server, string more, int refinerPrompts = 4)
    {
        string file = Path.Combine(_folder, "recipe.yaml");
        File.WriteAllText(
            file,
            $$"""
            seed: 3
            base_model: {{s_nano}}
            prompt_set: compact
            prompts: { files: [prompts.jsonl], near_duplicates: 1.0 }
            iterations: 0
            sft_prompts: 4
            refiner_prompts: {{refinerPrompts}}
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 48 }
            judge: { max_tokens: 48 }
            refine: { max_tokens: 48 }
            {{(more.Contains("actor_sft", StringComparison.Ordinal) ? "" : ActorSft)}}
            {{(more.Contains("refiner_sft", StringComparison.Ordinal) ? "" : RefinerSft)}}
            {{more.Replace("MODEL", $"'{server.Address}#master'").Replace("NANO", s_nano)}}
            """
        );
        return RunComposer.Read(RecipeDocument.Read(file));
    }

    private async Task<RunResults> RunAsync(
        string name,
        RunRecipe recipe,
        IRunObserver? observer = null,
        CancellationToken cancellationToken = default
    )
    {
        using RunStore store = RunStore.Open(Path.Combine(_folder, name), RunIdentities.Of(recipe));
        return await RunComposer
            .Compose(recipe, store, 1, observer ?? new SilentObserver(), TimeProvider.System)
            .RunAsync(cancellationToken);
    }

    private string[] Rows(string name)
    {
        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, name));
        return
        [
            .. new[] { StageNames.ActorSftData, StageNames.RefinerSftData }
                .SelectMany(stage => store.FindProduct<SupervisedProduct>(stage)!.Rows)
                .Select(row => $"{row.Kind} {row.Prompt} {row.Response}"),
            .. new[] { StageNames.Actor(0), StageNames.Refiner(0) }
                .Select(stage => store.FindProduct<TrainedProduct>(stage)!.Digest!),
        ];
    }

    private sealed class Experimenter : Log, IExperimentObserver
    {
        public void Expect(int runs) { }

        public Task<T> ShowAsync<T>(string run, bool kept, Func<Task<T>> work, Func<T, string> score) => work();
    }

    private class Log : IRunObserver
    {
        public List<string> Warnings { get; } = [];

        public void Warn(string message) => Warnings.Add(message);
    }
}
