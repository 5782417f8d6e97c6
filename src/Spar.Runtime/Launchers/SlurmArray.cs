using System.Globalization;
using System.Text.RegularExpressions;

namespace Spar.Runtime.Launchers;

/// <summary>Reads the states of an array's tasks out of what Slurm says of them.</summary>
internal static partial class SlurmArray
{
    /// <summary>No states.</summary>
    public static IReadOnlyDictionary<int, JobState> None { get; } = new Dictionary<int, JobState>();

    /// <summary>States by task number.</summary>
    /// <param name="lines">
    /// What <c>scontrol --oneliner show job</c> prints of an array: a line for each task that has begun, and one for all
    /// others (ArrayTaskId=3-5,7%2).
    /// </param>
    public static IReadOnlyDictionary<int, JobState> Parse(string lines)
    {
        Dictionary<int, JobState> states = [];
        foreach (string line in lines.Split('\n'))
        {
            if (TaskIds().Match(line) is { Success: true } ids && SlurmLauncher.Parse(line) is { } state)
            {
                foreach (int task in Numbers(ids.Groups[1].Value))
                {
                    states[task] = state;
                }
            }
        }

        return states;
    }

    private static IEnumerable<int> Numbers(string text)
    {
        foreach (string part in text.Split('%')[0].Split(','))
        {
            // 2-10:4 is every fourth.
            string[] steps = part.Split(':');
            string[] ends = steps[0].Split('-');
            if (!Number(ends[0], out int first) || !Number(ends[^1], out int last)
                || !Number(steps.Length > 1 ? steps[1] : "1", out int step) || step == 0)
            {
                continue;
            }

            for (int task = first; task <= last; task += step)
            {
                yield return task;
            }
        }

        static bool Number(string digits, out int number) =>
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    [GeneratedRegex(@"(?:^|\s)ArrayTaskId=(\S+)")]
    private static partial Regex TaskIds();
}
