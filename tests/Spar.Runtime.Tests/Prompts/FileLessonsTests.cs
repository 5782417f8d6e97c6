using System.Text.Json;
using Spar.Exports;
using Spar.Nano;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Prompts;

/// <summary>Files of lessons as a run's teacher.</summary>
public sealed class FileLessonsTests : IDisposable
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-lessons").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_kind_of_row_teaches_what_it_holds()
    {
        Write(
            "lessons.jsonl",
            new { prompt = "Say good.", response = "good" },
            new { prompt = "Say cut.", response = "cut o", finish_reason = "length" },
            new { prompt = "Say nothing.", response = "" },
            new { prompt = "Judge this.", response = "bad", judgement = "it is bad\njudgement: no" },
            new { prompt = "Judge that.", response = "fine", judgement = "it is fine", verdict = "yes" },
            new { prompt = "Judge well.", response = "so so", judgement = "who knows" },
            new
            {
                prompt = "Mend this.",
                response = "bad",
                critique = "too bad\njudgement: no",
                refinement = "make it\nrefined: good",
            },
            new
            {
                prompt = "Mend that.",
                response = "bad",
                critique = "bad\njudgement: no",
                refined = "good",
                reflection = "so",
            },
            new { prompt = "Mend well.", response = "bad", critique = "bad\njudgement: no", refinement = "no mark" },
            new { prompt = "Mend fine.", response = "fine", critique = "fine\njudgement: yes", refined = "finer" }
        );
        await RunAsync("run", Recipe("teacher: { files: [lessons.jsonl] }\nbalance_judgements: false"));

        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        SupervisedProduct actor = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!;
        Assert.Equal(("Say good.", "good"), (actor.Rows.Single().Prompt, actor.Rows.Single().Response));
        Assert.Equal(1, actor.Statistics.Counts["responses left out: cut off at the token limit"]);
        Assert.Equal(1, actor.Statistics.Counts["responses left out: empty"]);

        SupervisedProduct refiner = store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)!;
        Assert.Equal(
            [
                "judgement-no judge\ntask: Judge this.\nresponse: bad -> it is bad\njudgement: no",
                "judgement-no judge\ntask: Mend that.\nresponse: bad -> bad\njudgement: no",
                "judgement-no judge\ntask: Mend this.\nresponse: bad -> too bad\njudgement: no",
                "judgement-no judge\ntask: Mend well.\nresponse: bad -> bad\njudgement: no",
                "judgement-yes judge\ntask: Judge that.\nresponse: fine -> it is fine\njudgement: yes",
                "judgement-yes judge\ntask: Mend fine.\nresponse: fine -> fine\njudgement: yes",
                "refinement refine\ntask: Mend that.\nresponse: bad\nbad\njudgement: no -> so\nrefined: good",
                "refinement refine\ntask: Mend this.\nresponse: bad\ntoo bad\njudgement: no -> make it\nrefined: good",
            ],
            refiner
                .Rows.Select(row => $"{row.Kind} {row.Prompt.TrimEnd()} -> {row.Response}")
                .Order(StringComparer.Ordinal)
        );
        IReadOnlyDictionary<string, long> counts = refiner.Statistics.Counts;
        Assert.Equal(1, counts["unparsed judgement: no verdict mark"]);
        Assert.Equal(1, counts["unparsed refinement: no start mark"]);
        Assert.Equal(1, counts["unparsed refinement: of a response that is judged good"]);
        Assert.NotEmpty(store.FindProduct<TrainedProduct>(StageNames.Actor(0))!.Steps);
        Assert.NotEmpty(store.FindProduct<TrainedProduct>(StageNames.Refiner(0))!.Steps);
    }

    [Fact]
    public void What_is_taught_hangs_neither_on_layout_nor_on_the_order_of_rows()
    {
        (string Asked, string Said)[] rows = [.. Enumerable.Range(0, 40).Select(i => ($"Say {i * i}.", $"It is {i}."))];
        Write("a.jsonl", [.. rows.Select(row => (object)new { prompt = row.Asked, response = row.Said })]);
        Write(
            "b.jsonl",
            [
                .. rows.Reverse().Select(row => (object)new
                {
                    messages = new[]
                    {
                        new { role = "user", content = row.Asked },
                        new { role = "assistant", content = row.Said },
                    },
                }),
            ]
        );
        File.WriteAllText(
            Path.Combine(_folder, "c.csv"),
            "instruction,output\n" + string.Concat(rows.Select(row => $"{row.Asked},{row.Said}\n"))
        );
        ReadyLesson[][] taught =
        [
            .. new[] { "a.jsonl", "b.jsonl", "c.csv" }.Select(file => Open(file, 15).Responses.ToArray()),
        ];
        Assert.Equal(15, taught[0].Length);
        Assert.All(
            taught,
            lessons => Assert.Equal(
                taught[0].Select(lesson => (lesson.Prompt, lesson.Response)),
                lessons.Select(lesson => (lesson.Prompt, lesson.Response))
            )
        );
        Assert.Equal(
            taught[0].Take(6).Select(one => one.Response),
            Open("a.jsonl", 6).Responses.Select(one => one.Response)
        );
    }

    [Theory]
    [InlineData("""{"prompt": "Say."}""", "there is no response")]
    [InlineData("""{"response": "It is."}""", "no prompt is there")]
    [InlineData("""{"prompt": "Say.", "response": "It is.", "verdict": "hm"}""", "field verdict must be yes or no")]
    [InlineData("""{"prompt": "Say.", "response": "It is.", "judgement": 7}""", "field judgement must be a text")]
    [InlineData("""{"prompt": "Say.", "response": "It is.", "refined": "So."}""", "a refinement needs the judgement")]
    [InlineData("""{"prompt": "a", "response": "b", "critique": "c", "refined": "d", "refinement": "e"}""", "give one")]
    [InlineData("""{"prompt": "a", "response": "b", "critique": "c", "reflection": "r"}""", "needs the refined")]
    [InlineData("""{"prompt": "Say.", "completion": [7]}""", "field completion must be")]
    public void A_row_that_is_no_lesson_ends_the_run_with_file_and_row(string row, string words)
    {
        Write("bad.jsonl", new { prompt = "a", response = "b" });
        File.AppendAllText(Path.Combine(_folder, "bad.jsonl"), row + "\n");
        SparException fault = Assert.Throws<SparException>(() => Open("bad.jsonl", 5));
        Assert.Contains("bad.jsonl, line 2: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_contradicts_itself_is_named()
    {
        Write("l.jsonl", new { prompt = "Say.", response = "It.", judgement = "so\njudgement: yes", verdict = false });
        SparException fault = await Assert.ThrowsAsync<SparException>(() =>
            RunAsync("run", Recipe("teacher: { files: [l.jsonl] }"))
        );
        Assert.Contains("l.jsonl, line 1: the judgement ends in yes, and the field verdict says no", fault.Message);
    }

    [Fact]
    public async Task Prompts_of_lessons_are_not_played_and_those_of_a_benchmark_are_not_taught()
    {
        string[] asked = [.. TrainingTasks.Draw(5, 12, TaskForm.Line).Select(task => task.Instruction)];
        const string Measured =
            "Write an encouraging letter to a neighbour who has just planted forty apple trees behind the old railway "
            + "station and worries about the frost. Your entire response should be in all lowercase letters.";
        Write("measured.jsonl", new { prompt = Measured });
        Write("prompts.jsonl", [.. asked.Select(text => (object)new { prompt = text })]);
        Write(
            "lessons.jsonl",
            [
                .. asked.Take(5).Select(text => (object)new { prompt = text.ToUpperInvariant(), response = "a cat" }),
                new { prompt = Measured, response = "dear" },
                new { prompt = HeldOut.Tasks(TaskForm.Line)[0].Instruction, response = "a cat" },
            ]
        );
        Found found = new();
        RunRecipe recipe = Recipe(
            """
            teacher: { files: [lessons.jsonl] }
            prompts: { files: [prompts.jsonl], held_out: 3, near_duplicates: 1.0, keep_away_from: [measured.jsonl] }
            iterations: 1
            prompts_per_iteration: 9
            evaluation: [{ name: nano }]
            dpo: { epochs: 0 }
            rft: { epochs: 0 }
            """
        );
        await RunAsync("run", recipe, found);

        Assert.Equal(["responses 5", "judgements and refinements 0"], Splits("lessons"));
        Assert.Equal(2, found.ByStage["lessons"].Dropped["kept out"]);
        Assert.Equal(
            ["measured.jsonl", "the built-in world's held-out tasks"],
            found.ByStage["lessons"].KeptOut.Select(one => Path.GetFileName(one.Near.Split(',')[0]))
        );
        Assert.Equal(["held-out 3", "self-play 1 4"], Splits("prompts"));
        Assert.Equal(5, found.ByStage["prompts"].Dropped["in lessons"]);
        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        string[] played = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(one => one.Record.Instruction)];
        Assert.Empty(played.Intersect(asked.Take(5)));

        // A file that changes is another run's.
        File.AppendAllText(Path.Combine(_folder, "lessons.jsonl"), """{"prompt": "a", "response": "b"}""");
        SparException fault = await Assert.ThrowsAsync<SparException>(() => RunAsync("run", recipe));
        Assert.Contains("teacher.files.0", fault.Message, StringComparison.Ordinal);

        IEnumerable<string> Splits(string stage) =>
            found.ByStage[stage].Splits.Select(split => $"{split.Name} {split.Taken}");
    }

    [Fact]
    public void The_nano_world_plays_no_lesson()
    {
        RunRecipe plain = Recipe("");
        Prompt[] before = [.. PromptSources.Create(plain, RunIdentities.Of(plain)).Take(PromptSplit.SelfPlay(1), 6)];
        Write("lessons.jsonl", [.. before.Take(2).Select(one => (object)new { prompt = one.Text, response = "cat" })]);
        RunRecipe taught = Recipe("teacher: { files: [lessons.jsonl] }");
        FileLessons lessons = Teachers.CreateLessons(taught, RunIdentities.Of(taught), () => [])!;
        lessons.Open(9, 9, CancellationToken.None);
        string[] after =
        [
            .. PromptSources
                .Create(taught, RunIdentities.Of(taught), null, lessons)
                .Take(PromptSplit.SelfPlay(1), 6)
                .Select(prompt => prompt.Text),
        ];
        Assert.Equal(6, after.Distinct().Count());
        Assert.Empty(after.Intersect(before.Take(2).Select(prompt => prompt.Text)));
    }

    [Fact]
    public async Task What_a_run_exported_teaches_another_the_same()
    {
        await RunAsync("first", Recipe(""));
        string[] rows = Rows("first");
        Assert.Contains(rows, row => row.StartsWith("refinement", StringComparison.Ordinal));
        Write("prompts.jsonl", new { prompt = "Say nothing." });
        foreach (
            (ExportFormat format, string extension) in new[]
            {
                (ExportFormat.LlamaFactory, "json"),
                (ExportFormat.Trl, "jsonl"),
                (ExportFormat.TrlText, "jsonl"),
            }
        )
        {
            using (RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "first")))
            {
                RunExport.Write(store, format, Path.Combine(_folder, $"{format}"));
            }

            string files = $"{format}/actor-0.{extension}, {format}/refiner-0.{extension}";
            await RunAsync(
                $"from {format}",
                Recipe($"teacher: {{ files: [{files}] }}\nprompts: {{ files: [prompts.jsonl] }}", refinerPrompts: 99)
            );
            Assert.Equal(rows, Rows($"from {format}"));
        }

        string[] Rows(string name)
        {
            using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, name));
            return
            [
                .. new[] { StageNames.ActorSftData, StageNames.RefinerSftData }
                    .SelectMany(stage => store.FindProduct<SupervisedProduct>(stage)!.Rows)
                    .Select(row => $"{row.Kind}: {row.Prompt} -> {row.Response}")
                    .Order(StringComparer.Ordinal),
            ];
        }
    }

    private FileLessons Open(string file, int count)
    {
        FileLessons lessons = new([Path.Combine(_folder, file)], 7, () => [], _ => null, () => { });
        lessons.Open(count, count, CancellationToken.None);
        return lessons;
    }

    private void Write(string name, params object[] rows) =>
        File.WriteAllText(
            Path.Combine(_folder, name),
            string.Concat(rows.Select(row => JsonSerializer.Serialize(row) + "\n"))
        );

    private RunRecipe Recipe(string more, int refinerPrompts = 12)
    {
        string file = Path.Combine(_folder, "recipe.yaml");
        File.WriteAllText(
            file,
            $$"""
            seed: 3
            base_model: {{s_nano}}
            prompt_set: compact
            sft_prompts: 8
            refiner_prompts: {{refinerPrompts}}
            responses: 2
            votes: 1
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 48 }
            judge: { max_tokens: 160 }
            refine: { max_tokens: 160 }
            search: { branch: 2, max_depth: 1 }
            actor_sft: { epochs: 1, warmup_ratio: 0 }
            refiner_sft: { epochs: 1, warmup_ratio: 0 }
            nano: { held_out_prompts: 1, held_out_repairs: 0, held_out_searched: 0, held_out_judged: 1 }
            {{(more.Contains("iterations", StringComparison.Ordinal) ? "" : "iterations: 0")}}
            {{more}}
            """
        );
        return RunComposer.Read(RecipeDocument.Read(file));
    }

    private async Task RunAsync(string name, RunRecipe recipe, IRunObserver? observer = null)
    {
        using RunStore store = RunStore.Open(Path.Combine(_folder, name), RunIdentities.Of(recipe));
        await RunComposer
            .Compose(recipe, store, 1, observer ?? new SilentObserver(), TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Found : IRunObserver
    {
        public Dictionary<string, PromptsFound> ByStage { get; } = [];

        public void PromptsFound(string what, PromptsFound found) => ByStage[what] = found;
    }
}
