using System.Globalization;
using System.Text.RegularExpressions;

namespace Spar.Runtime.Clusters;

/// <summary>A partition of Slurm, as sinfo tells of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">Whether jobs go there that name none.</param>
/// <param name="Up">Whether it takes jobs.</param>
/// <param name="Nodes">Nodes in all.</param>
/// <param name="Idle">Nodes that do nothing now.</param>
/// <param name="Usable">Nodes that are neither down nor drained.</param>
/// <param name="Gpus">Most GPUs of a node.</param>
/// <param name="TimeLimit">The longest time of a job, as Slurm writes it.</param>
internal sealed partial record SlurmPartition(
    string Name, bool Default, bool Up, int Nodes, int Idle, int Usable, int Gpus, string TimeLimit)
{
    /// <summary>What sinfo is asked: partition, state, nodes (allocated/idle/other/all), generic resources, limit.</summary>
    public const string Format = "%P|%a|%F|%G|%l";

    /// <summary>Reads sinfo's lines; those of the same partition are put together.</summary>
    /// <param name="output">What it printed for <see cref="Format"/>.</param>
    public static IReadOnlyList<SlurmPartition> Parse(string output) =>
    [
        .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split('|'))
            .Where(fields => fields.Length == 5)
            .GroupBy(fields => fields[0], StringComparer.Ordinal)
            .Select(lines =>
            {
                int[][] counts = [.. lines.Select(fields => Counts(fields[2]))];
                string[] first = lines.First();
                return new SlurmPartition(
                    lines.Key.TrimEnd('*'), lines.Key.EndsWith('*'), first[1] == "up", counts.Sum(one => one[3]),
                    counts.Sum(one => one[1]), counts.Sum(one => one[0] + one[1]), lines.Max(fields => GpusOf(fields[3])),
                    first[4]);
            }),
    ];

    /// <summary>The partition in words.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Up ? "up" : "down")}, {Nodes} nodes ({Idle} idle, {Usable} usable), {Gpus} GPUs a node, time limit {TimeLimit}");

    // GRES as gpu:h100:8(S:0-1),other:1
    private static int GpusOf(string gres) =>
        Gpu().Matches(gres).Sum(found => int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture));

    private static int[] Counts(string text)
    {
        int[] counts = [.. text.Split('/').Select(one => int.TryParse(one, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        return counts.Length == 4 ? counts : [0, 0, 0, 0];
    }

    [GeneratedRegex(@"gpu(?::[\w.-]+)?:(\d+)")]
    private static partial Regex Gpu();
}
