using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Harness;

/// <summary>Reads the rows of a golden file under shared/data; the test is skipped where it is absent.</summary>
internal static class GoldenFile
{
    public static IReadOnlyList<JsonElement> Rows(params string[] parts) =>
        DataFile.Read(SharedData.Path(["data", .. parts]), new DataProblems(), row => row.Element);

    public static DataFolder Data(string benchmark)
    {
        SharedData.Path("data", benchmark);
        return new DataFolder(SharedData.Path("data"));
    }
}
