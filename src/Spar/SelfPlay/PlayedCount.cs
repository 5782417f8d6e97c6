using System.Globalization;
using Spar.Ground;

namespace Spar.SelfPlay;

/// <summary>
/// How many items a shard has played, in a file beside its store: whoever waits for it on another machine cannot read a
/// store that is being written.
/// </summary>
/// <param name="directory">The shard's directory.</param>
/// <param name="time">The clock.</param>
public sealed class PlayedCount(string directory, TimeProvider time)
{
    private const string FileName = "played";

    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);

    private readonly Lock _writing = new();
    private int _count;
    private long? _written;

    /// <summary>Counts items that are played; the file is written once a second at most.</summary>
    /// <param name="items">How many.</param>
    public void Add(int items)
    {
        lock (_writing)
        {
            _count += items;
            if (_written is not { } last || time.GetElapsedTime(last) >= s_often)
            {
                _written = time.GetTimestamp();
                Write();
            }
        }
    }

    /// <summary>Writes what has been counted.</summary>
    public void Write() => AtomicFile.WriteText(
        Path.Combine(directory, FileName), _count.ToString(CultureInfo.InvariantCulture) + "\n");

    /// <summary>Forgets what an earlier stage left.</summary>
    /// <param name="directory">The shard's directory.</param>
    public static void Clear(string directory) => File.Delete(Path.Combine(directory, FileName));

    /// <summary>What a shard has counted.</summary>
    /// <param name="directory">The shard's directory.</param>
    /// <returns>0 where it has not.</returns>
    public static int Read(string directory)
    {
        try
        {
            return int.TryParse(
                File.ReadAllText(Path.Combine(directory, FileName)), CultureInfo.InvariantCulture, out int count) ? count : 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
