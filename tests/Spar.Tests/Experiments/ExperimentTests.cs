using Spar.Experiments;
using Spar.Judging;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Experiments;

public sealed class ExperimentTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Mean_and_spread_are_those_of_a_sample()
    {
        Measured measured = new([0.60, 0.70, 0.74]);
        Assert.Equal(0.68, measured.Mean, 12);
        Assert.Equal(0.0721110255, measured.Spread!.Value, 9);
        Assert.Equal("68.0 ± 7.2", MeasureText.Write(measured, MeasureUnit.Percent));
        Assert.Equal(
            "+8.0 ± 7.2", MeasureText.Write(measured.Minus(new Measured([0.6, 0.6, 0.6])), MeasureUnit.Points));
        Assert.Equal("−8.0", MeasureText.Write(new Measured([-0.08]), MeasureUnit.Points));
        Assert.Equal("60.0", MeasureText.Write(new Measured([0.6]), MeasureUnit.Percent));
        Assert.Equal("12.3k", MeasureText.Write(new Measured([12_000, 12_600]), MeasureUnit.Count));
        Assert.Equal("–", MeasureText.Write(null, MeasureUnit.Percent));
        Assert.Null(Measured.Of([0.1, null]));
    }

    [Fact]
    public async Task A_run_that_takes_over_a_start_is_the_run_that_made_its_own()
    {
        FakeWorld world = new();
        await TestRuns.RunAsync(_directory.File("start"), TestRuns.Small with { Iterations = 0 }, world);
        int started = world.Calls;
        FakeTrainer trainer = new(world);
        RunResults taken = await TestRuns.RunAsync(
            _directory.File("taken"), TestRuns.Small, world, trainer, start: _directory.File("start"));
        int more = world.Calls - started;
        FakeWorld alone = new();
        RunResults own = await TestRuns.RunAsync(_directory.File("own"), TestRuns.Small, alone);

        Assert.Equal(own.Rows, taken.Rows);
        Assert.Equal(
            ["actor-1", "refiner-1", "actor-2", "refiner-2"],
            trainer.Jobs.Select(job => Path.GetFileName(job.OutputModel)));
        Assert.True(started + more <= alone.Calls + 1, $"{started} + {more} against {alone.Calls}");
        using RunStore store = RunStore.OpenForReading(_directory.File("taken"));
        Assert.Equal(
            "../start/checkpoints/actor-0", store.FindProduct<TrainedProduct>(StageNames.Actor(0))!.Checkpoint);
        RunBudget budget = RunBudget.Of(store);
        using RunStore whole = RunStore.OpenForReading(_directory.File("own"));
        Assert.Equal(budget with { Seconds = 0 }, RunBudget.Of(whole) with { Seconds = 0 });
        Assert.Equal(budget.ModelCalls, store.Dump("SELECT key FROM calls WHERE key GLOB 'it*'").Count);
        Assert.Equal(4, store.Stages().Count(stage => stage is "actor-1" or "actor-2" or "refiner-1" or "refiner-2"));
    }

    [Fact]
    public async Task Without_refinement_chosen_is_another_sample()
    {
        await TestRuns.RunAsync(
            _directory.Path,
            TestRuns.Small with { Refinement = RefinementKind.None, PromptsPerIteration = 30, Iterations = 1 },
            new FakeWorld());
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        DataProduct data = DataProduct.Find(store, 1)!;
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(entry => entry.Record)];
        Assert.All(records, record => Assert.Null(record.Tree));
        Assert.NotEmpty(data.Pairs);
        Assert.All(data.Pairs, pair =>
        {
            PlayRecord record = records.Single(record => record.PromptId == pair.PromptId);
            Assert.Equal(record.Responses[record.Negative!.Value].Text, pair.Rejected);
            Assert.Contains(
                record.Responses, response => response.Text == pair.Chosen && Gate.Majority.Passes(response.Valuation));
        });
        Assert.DoesNotContain(
            data.RefinerRows, row => row.Kind is RowKinds.Refinement or RowKinds.TreeYes or RowKinds.TreeNo);
        Assert.Contains(data.RefinerRows, row => row.Kind == RowKinds.VoteNo);
    }

    [Fact]
    public async Task Without_tree_search_there_is_one_refinement()
    {
        await TestRuns.RunAsync(
            _directory.Path,
            TestRuns.Small with { Refinement = RefinementKind.Single, PromptsPerIteration = 30, Iterations = 1 },
            new FakeWorld());
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        PlayRecord[] searched = [
            .. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(entry => entry.Record)
                .Where(record => record.Tree is not null)];
        Assert.All(searched, record => Assert.InRange(record.Tree!.Nodes.Count, 1, 2));
        Assert.Equal(
            searched.Count(record => record.Tree!.Found is not null),
            DataProduct.Find(store, 1)!.Pairs.Count);
        Assert.Contains(searched, record => record.Tree!.Found is not null);
        Assert.Contains(searched, record => record.Tree!.Found is null);
    }

    [Fact]
    public async Task Without_iterative_training_everything_is_learnt_once_from_the_start()
    {
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        RunResults results = await TestRuns.RunAsync(
            _directory.Path, TestRuns.Small with { IterativeTraining = false }, world, trainer);
        Assert.Equal(["base", "sft", "iteration-2"], results.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(
            ["actor-0", "refiner-0", "actor-2", "refiner-2"],
            trainer.Jobs.Select(job => Path.GetFileName(job.OutputModel)));
        Assert.Equal(["actor-0", "refiner-0"], trainer.Jobs[2..].Select(job => Path.GetFileName(job.StartModel)));
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        Assert.Equal(
            DataProduct.Find(store, 1)!.Pairs.Count
                + DataProduct.Find(store, 2)!.Pairs.Count,
            ((Seams.TrainingData.Preference)trainer.Jobs[2].Data).Pairs.Count);
    }

    [Fact]
    public void Ablations_show_the_size_of_each_loss()
    {
        static ExperimentRun Run(string variant, ulong seed, double score) => new(
            variant,
            seed,
            new RunResults(
                [new(RowName.Base, 0.2, 0.5, null, 0.9, 0.8, 10), new(RowName.Sft, 0.3, 0.6, null, 0.9, 0.8, 10),
                    new(
                        RowName.Iteration(1), score, 0.7, null, 0.9, null, 10, new Dictionary<string,
                        double> { [EvaluationRow.FirstRefinements] = score / 2 })], seed, 1, 1, 1,
                [new(
                    1, 10, new JudgeQuality(5, 5, 5, 1, 0, 4), new JudgeQuality(0, 0, 0, 0, 0, 0), Reliability.Of([]),
                    Searched: 10, Found: 8, Verified: seed == 1 ? 6 : 4)]),
            new RunBudget(100, 1000, 5000, 2));
        ExperimentRuns runs = new(
            ["whole", "less"], [1, 2],
            [Run("whole", 1, 0.8), Run("whole", 2, 0.7), Run("less", 1, 0.75), Run("less", 2, 0.69)]);
        ExperimentReport report = AblationReport.Of(runs);
        ExperimentTable actor = report.Tables[0];
        Assert.Equal(
            ["prompts satisfied", "difference", "single instructions", "difference"],
            actor.Columns.Select(column => column.Name));
        Assert.Equal("75.0 ± 7.1", MeasureText.Write(actor.Rows[1].Cells[0], MeasureUnit.Percent));
        Assert.Equal("−3.0 ± 2.8", MeasureText.Write(actor.Rows[2].Cells[1], MeasureUnit.Points));
        Assert.Equal(
            ["judge accuracy", "difference", "first refinements", "difference"],
            report.Tables[1].Columns.Select(column => column.Name));
        Assert.Equal("37.5 ± 3.5", MeasureText.Write(report.Tables[1].Rows[1].Cells[2], MeasureUnit.Percent));
        Assert.Equal("−1.5 ± 1.4", MeasureText.Write(report.Tables[1].Rows[2].Cells[3], MeasureUnit.Points));
        ExperimentTable judge = Assert.Single(
            report.Tables, table => table.Title.StartsWith("The judge in play", StringComparison.Ordinal));
        Assert.Equal(
            ["90.0 ± 0.0", "20.0 ± 0.0", "37.5 ± 17.7", "80.0 ± 0.0", "50.0 ± 14.1"],
            judge.Rows[0].Cells.Select(cell => MeasureText.Write(cell, MeasureUnit.Percent)));
        Assert.Contains(
            "| less | 72.0 ± 4.2 | −3.0 ± 2.8 |", MeasureText.Markdown(report), StringComparison.Ordinal);

        ExperimentReport baselines = BaselineReport.Of(runs);
        Assert.Equal(["start (M_0)", "iteration 1"], baselines.Tables[0].Columns.Select(column => column.Name));
        Assert.Equal([0.3, 0.75], baselines.Charts[0].Lines[0].Points.Select(point => Math.Round(point.Y.Mean, 9)));
    }
}
