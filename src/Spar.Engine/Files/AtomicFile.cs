namespace Spar.Engine.Files;

/// <summary>Writes a file whole or not at all: into a temporary file beside it, flushed to the disk, then renamed over the old one.</summary>
public static class AtomicFile
{
    /// <summary>Replaces the file at <paramref name="path"/> by what <paramref name="write"/> puts into the stream; makes the folder if need be.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content; an exception from it leaves the old file as it was.</param>
    /// <exception cref="EngineException">The disk is full, or the folder cannot be written. The old file, if any, is untouched.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = path + ".tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (e is IOException or UnauthorizedAccessException)
            {
                string kept = File.Exists(path) ? " The previous file was left as it was." : "";
                throw new EngineException($"Cannot write '{path}': {e.Message.TrimEnd('.')}.{kept} Free some space or choose another folder.", e);
            }

            throw;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The fault that brought us here is the one to report.
        }
    }
}
