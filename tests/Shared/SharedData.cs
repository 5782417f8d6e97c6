using System.Runtime.CompilerServices;
using Xunit;

namespace Spar.TestSupport;

/// <summary>
/// Finds the project's root and the shared data folder beside it. Tests that need shared data skip, with a reason, when
/// it is absent.
/// </summary>
internal static class SharedData
{
    /// <summary>The project's root: the folder that holds Spar.slnx.</summary>
    public static string ProjectRoot { get; } = FindRoot();

    /// <summary>Path of a file or folder under shared/; skips the calling test when it is not there.</summary>
    public static string Path(params string[] parts)
    {
        string path = System.IO.Path.Combine([ProjectRoot, "..", "shared", .. parts]);
        Assert.SkipUnless(
            File.Exists(path) || Directory.Exists(path),
            $"shared data is absent: ../shared/{string.Join('/', parts)}"
        );
        return System.IO.Path.GetFullPath(path);
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        DirectoryInfo? folder = new FileInfo(thisFile).Directory;
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Spar.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Spar.slnx was not found above " + thisFile);
    }
}
