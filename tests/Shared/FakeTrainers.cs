namespace Spar.TestSupport;

/// <summary>The stand-in for LLaMA-Factory's and TRL's programs, tests/Spar.FakeTrainer, as it was built with the tests.</summary>
internal static class FakeTrainers
{
    /// <summary>How it is started; the tests' project has to build it.</summary>
    public static IReadOnlyList<string> Command
    {
        get
        {
            string configuration = AppContext.BaseDirectory.Contains(
                $"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                ? "Release"
                : "Debug";
            return
            [
                "dotnet",
                Path.Combine(
                    SharedData.ProjectRoot, "tests", "Spar.FakeTrainer", "bin", configuration, "net10.0",
                    "Spar.FakeTrainer.dll"),
            ];
        }
    }
}
