using Spar.Runs;
using Spar.Web.Dashboard;
using Spar.Web.Reports;

namespace Spar.Web.Tests.Dashboard;

/// <summary>What a log tells of a training that goes on.</summary>
public sealed class TrainingLogTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("spar-log-");

    private string File => Path.Combine(_directory.FullName, RunLog.FileName);

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Steps_come_as_they_are_written_and_half_lines_wait()
    {
        TrainingLog log = new(_directory.FullName);
        Assert.False(log.Look());
        System.IO.File.WriteAllText(File, "2026-01-01T00:00:00.000Z info    actor-1 step 1 of 8: loss 0.6931, margin 0.0000\n2026-01-01T00:00:01.000Z info    actor-1 st");
        Assert.True(log.Look());
        Assert.Equal(0.6931, Assert.Single(log.Curve("actor-1")!.Steps).Loss);
        System.IO.File.AppendAllText(File, "ep 2 of 8: loss 0.5, margin 0.25\n2026-01-01T00:00:02.000Z warning <b>slow</b>\n");
        Assert.True(log.Look());
        TrainingCurve curve = log.Curve("actor-1")!;
        Assert.Equal([0.0, 0.25], curve.Steps.Select(step => step.RewardMargin!.Value));
        Assert.True(curve.IsPreference);
        Assert.Null(log.Curve("actor-2"));
        Assert.Equal("<b>slow</b>", Assert.Single(log.Notices).Text);
        Assert.False(log.Look());
    }

    [Fact]
    public void A_training_that_goes_on_again_has_each_step_once()
    {
        string[] lines = [.. new[] { 1, 2, 3, 2, 3, 4 }.Select((step, at) => $"2026-01-01T00:00:0{at}.000Z info    refiner-0 step {step} of 4: loss {at}")];
        System.IO.File.WriteAllLines(File, lines);
        TrainingLog log = new(_directory.FullName);
        Assert.True(log.Look());
        Assert.Equal([(1, 0.0), (2, 3.0), (3, 4.0), (4, 5.0)], log.Curve("refiner-0")!.Steps.Select(step => (step.Step, step.Loss)));
        Assert.False(log.Curve("refiner-0")!.IsPreference);
    }
}
