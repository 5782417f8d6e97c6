namespace Spar.Engine.Tests.Checkpoints;

/// <summary>A folder that is deleted with everything in it when the test ends.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("spar-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    public string Write(string name, ReadOnlySpan<byte> content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    /// <summary>Copies a folder's files into this one.</summary>
    public TempFolder With(string source)
    {
        foreach (string file in Directory.GetFiles(source))
        {
            System.IO.File.WriteAllBytes(File(Path.GetFileName(file)), System.IO.File.ReadAllBytes(file));
        }

        return this;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
