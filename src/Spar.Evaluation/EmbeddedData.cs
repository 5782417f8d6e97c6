using System.IO.Compression;

namespace Spar.Evaluation;

/// <summary>Opens the data files that are built into this assembly.</summary>
internal static class EmbeddedData
{
    /// <summary>
    /// Opens a data file by its path inside the project, unpacking it when its name ends in <c>.gz</c>.
    /// </summary>
    public static Stream Open(string path)
    {
        Stream stream =
            typeof(EmbeddedData).Assembly.GetManifestResourceStream(path)
            ?? throw new InvalidOperationException("this assembly lacks its data file " + path);
        return path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(stream, CompressionMode.Decompress)
            : stream;
    }
}
