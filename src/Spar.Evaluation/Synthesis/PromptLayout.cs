using System.Text;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>Puts a request and its constraints into one text.</summary>
internal static class PromptLayout
{
    private static readonly string[] s_intros =
    [
        "Please keep to these rules:", "Observe all of the following:", "What matters:", "Conditions:",
        "Stick to this:", "The answer has to meet these requirements:",
    ];

    /// <summary>The text of a prompt.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="constraints">The constraints in words, in the order in which they are given.</param>
    /// <param name="random">Chooses between running text, separate lines, and lists.</param>
    public static string Compose(string request, IReadOnlyList<string> constraints, SeededRandom random)
    {
        int style = constraints.Count == 1 ? random.Between(0, 1) : random.Between(0, 3);
        StringBuilder text = new(request);
        switch (style)
        {
            case 0:
                text.Append(' ').AppendJoin(' ', constraints);
                break;
            case 1:
                text.Append("\n\n").AppendJoin('\n', constraints);
                break;
            default:
                text.Append("\n\n").Append(random.Pick(s_intros));
                for (int i = 0; i < constraints.Count; i++)
                {
                    text.Append('\n').Append(style == 2 ? "- " : $"{i + 1}. ").Append(constraints[i]);
                }

                break;
        }

        return text.ToString();
    }
}
