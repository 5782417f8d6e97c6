using System.Runtime.InteropServices;
using System.Text;

namespace Spar.Ground;

/// <summary>
/// Writes a file whole or not at all: into a temporary file beside it, flushed to the disk, then renamed over the old
/// one; the rename itself is
/// flushed where the system can (Linux, macOS). Two writers of one path must not run at once.
/// </summary>
public static class AtomicFile
{
    /// <summary>
    /// Replaces the file at <paramref name="path"/> by what <paramref name="write"/> puts into the stream; makes the
    /// folder if need be.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content; an exception from it leaves the old file as it was.</param>
    /// <exception cref="UserFaultException">
    /// There is no space or no permission, or the path is a folder; the message names it. The old file, if any, is
    /// untouched.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        string folder = FolderOf(path);
        string temporary = path + ".tmp";
        try
        {
            Directory.CreateDirectory(folder);
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            FlushFolder(folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw Unwritable(path, fault);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>Replaces the file by a text in UTF-8 without a mark; see <see cref="Write"/>.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="text">Its whole content.</param>
    /// <exception cref="UserFaultException">As for <see cref="Write"/>.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Replaces the file by lines in UTF-8 without a mark, each ended by "\n"; see <see cref="Write"/>.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="lines">The lines; they are enumerated once.</param>
    /// <exception cref="UserFaultException">As for <see cref="Write"/>.</exception>
    public static void WriteLines(string path, IEnumerable<string> lines) => Write(path, stream =>
    {
        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        foreach (string line in lines)
        {
            writer.WriteLine(line);
        }
    });

    private static string FolderOf(string path)
    {
        string folder;
        try
        {
            folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        }
        catch (ArgumentException fault)
        {
            string shown = path.Replace("\0", "\\0", StringComparison.Ordinal);
            throw new UserFaultException(
                $"Cannot write to '{shown}': it is no path.", "Give the path of a file.", fault);
        }

        return Directory.Exists(path) || Path.EndsInDirectorySeparator(path)
            ? throw new UserFaultException($"Cannot write '{path}': it is a folder.", "Give the path of a file.")
            : folder;
    }

    private static UserFaultException Unwritable(string path, Exception fault)
    {
        string kept = File.Exists(path) ? " The previous file was left as it was." : "";
        string remedy = fault is UnauthorizedAccessException
            ? "Mend the permissions or choose another folder."
            : "Free some space or choose another folder.";
        return new UserFaultException($"Cannot write '{path}': {fault.Message.TrimEnd('.')}.{kept}", remedy, fault);
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

    // A renamed file is durable once its folder's entry is. .NET opens no folders, so the C library is asked; a file
    // system that cannot flush a
    // folder says so by an error, and then nothing more can be done.
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }

        int descriptor = Open(folder, 0);
        if (descriptor >= 0)
        {
            _ = Flush(descriptor);
            _ = Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
