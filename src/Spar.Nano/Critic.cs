using System.Globalization;
using System.Text;

namespace Spar.Nano;

/// <summary>
/// Writes the teacher's critiques: the response is read back with the position of each word, then each requirement is
/// checked with its evidence, then the verdict. Reading back with positions is what lets a small model learn look-ups.
/// </summary>
public static class Critic
{
    /// <summary>Words beyond this position are not read back, and larger numbers are written as this one.</summary>
    public const int MostPositions = 50;

    /// <summary>A critique that ends in a verdict.</summary>
    /// <param name="task">The task.</param>
    /// <param name="response">Any response.</param>
    /// <param name="verdictMarker">What stands before yes or no, such as "judgement:".</param>
    public static string Critique(NanoTask task, string response, string verdictMarker) =>
        $"{Findings(task, task.Requirements, response, out bool followed)}\n{verdictMarker} {(followed ? "yes" : "no")}";

    /// <summary>A critique's lines before the verdict, about some of a task's requirements.</summary>
    /// <param name="task">The task.</param>
    /// <param name="requirements">Those of the task's requirements to check, in order.</param>
    /// <param name="response">Any response.</param>
    /// <param name="followed">True when the response satisfies all of them.</param>
    public static string Findings(
        NanoTask task,
        IEnumerable<Constraint> requirements,
        string response,
        out bool followed
    )
    {
        NanoResponse parsed = NanoResponse.Parse(response);
        StringBuilder text = new("read:");
        ReadBack(parsed, task.Form == TaskForm.Story, text);
        followed = true;
        foreach (Constraint constraint in requirements)
        {
            Finding finding = constraint.Check(parsed);
            followed &= finding.Followed;
            text.Append('\n').Append(finding.Check);
        }

        return text.ToString();
    }

    /// <summary>
    /// The reflection before a refinement: which requirements have to be mended, in the words of the critique.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="response">The response to refine.</param>
    public static string Reflection(NanoTask task, string response)
    {
        NanoResponse parsed = NanoResponse.Parse(response);
        List<string> names =
        [
            .. task
                .Requirements.Where(constraint => !constraint.Check(parsed).Followed)
                .Select(constraint => constraint.Kind),
        ];
        return names.Count == 0 ? "fix: none" : "fix: " + string.Join(' ', names);
    }

    /// <summary>A number as critiques write it, at most <see cref="MostPositions"/>.</summary>
    /// <param name="value">At least 0.</param>
    internal static string Number(int value) => Math.Min(value, MostPositions).ToString(CultureInfo.InvariantCulture);

    private static void ReadBack(NanoResponse response, bool countSentences, StringBuilder text)
    {
        text.Append(response.LeadingStar ? " *" : "");
        int position = 0;
        for (int s = 0; s < response.Sentences.Count && position < MostPositions; s++)
        {
            foreach (string word in response.Sentences[s])
            {
                if (++position > MostPositions)
                {
                    break;
                }

                text.Append(' ').Append(word).Append(' ').Append(position);
            }

            if (response.Marks[s] != '\0')
            {
                text.Append(' ').Append(response.Marks[s]);
            }

            if (countSentences)
            {
                text.Append(" / ").Append(Number(s + 1));
            }
        }

        text.Append(response.TrailingStar ? " *" : "");
    }
}
