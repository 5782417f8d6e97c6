using System.Text.Json.Nodes;
using Spar.Nano;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Tests.Composition;

/// <summary>Rules that teach.</summary>
public sealed partial class TeacherTests
{
    [Fact]
    public async Task Rules_teach_by_mending_the_actors_own_responses()
    {
        WritePrompts();
        using LoopbackServer server = new((_, request) => Teach(request));
        await RunAsync("run", Recipe(server, "teacher: { mend: true }\nbalance_judgements: false"));

        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        SupervisedProduct actor = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!;
        IReadOnlyDictionary<string, long> counts = actor.Statistics.Counts;
        long unmended = counts.GetValueOrDefault("responses left out: no edit is known");
        long endless = counts.GetValueOrDefault("responses left out: no whole sentence");
        Assert.Equal(4, actor.Rows.Count + unmended + endless);
        Assert.NotEmpty(actor.Rows);
        Assert.All(actor.Rows, row =>
        {
            Assert.EndsWith("\n\nthe end.", row.Response, StringComparison.Ordinal);
            Assert.Equal(row.Response[..^"\n\nthe end.".Length], row.Unedited);
        });
        SupervisedProduct refiner = store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)!;
        SupervisedRow refined = refiner.Rows.First(row => row.Kind == RowKinds.Refinement);
        Assert.EndsWith("the end.", refined.Response.Trim(), StringComparison.Ordinal);
        Assert.Contains("startend:end_checker", refined.Prompt, StringComparison.Ordinal);
        Assert.Contains(refiner.Rows, row => row.Kind == RowKinds.JudgementNo);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rules_mend_in_play_what_they_can_and_the_refiner_is_asked_for_the_rest(bool play)
    {
        WritePrompts();
        using LoopbackServer server = new((_, request) => Teach(request));
        RunRecipe recipe = Recipe(
            server,
            $"teacher: {{ mend: true, play: {(play ? "true" : "false")} }}\n"
                + "judging: { verifiers: [all], constraints_suffice: true }");
        await RunAsync(
            "run",
            recipe with { Method = recipe.Method with { Iterations = 1, PromptsPerIteration = 12, Responses = 1 } });

        using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, "run"));
        PlayRecord[] searched =
        [
            .. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(one => one.Record)
                .Where(one => one.Tree is not null),
        ];
        Assert.NotEmpty(searched);
        PlayRecord[] mended = [.. searched.Where(one => one.Tree!.Mended == true)];
        Assert.All(mended, one =>
        {
            Assert.Equal((SearchOutcome.Success, 0), (one.Tree!.Outcome, one.Tree.Calls));
            Assert.EndsWith("the end.", one.Tree.Best.Response, StringComparison.Ordinal);
        });
        Assert.All(
            searched.Where(one => one.Tree!.Mended is null && one.Tree.Nodes.Count > 1),
            one => Assert.True(one.Tree!.Calls > 0));
        Assert.Equal(play, mended.Length > 0);
        Assert.Equal(
            mended.Length,
            store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts.GetValueOrDefault("mended by rule"));
    }

    private void WritePrompts() =>
        File.WriteAllText(
            Path.Combine(_folder, "prompts.jsonl"),
            string.Concat(TrainingTasks.Draw(5, 24, TaskForm.Line).Select((task, i) => new JsonObject
            {
                ["prompt"] = task.Instruction,
                ["instruction_id_list"] = new JsonArray(
                    i % 4 == 0 ? "language:response_language" : "startend:end_checker"),
                ["kwargs"] = new JsonArray(
                    i % 4 == 0
                        ? new JsonObject { ["language"] = "de" }
                        : new JsonObject { ["end_phrase"] = "the end." }),
            }.ToJsonString() + "\n")));
}
