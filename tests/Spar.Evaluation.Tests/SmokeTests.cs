namespace Spar.Evaluation.Tests;

public class SmokeTests
{
    [Fact]
    public void Root_is_found() => Assert.True(File.Exists(Path.Combine(Spar.TestSupport.SharedData.ProjectRoot, "Spar.slnx")));
}
