using System.Text.RegularExpressions;
using Spar.Evaluation.Instructions;
using Spar.Ground;

namespace Spar.Evaluation.Mending;

/// <summary>Edits of which words stand in a response.</summary>
internal static class WordEdits
{
    private static readonly string[] s_mentions =
    [
        "It also brings the {0} to mind.",
        "There is room for the {0} in this as well.",
        "Think of the {0} here.",
        "The {0} has its place in it too.",
        "Do not forget the {0}.",
        "And then there is the {0}.",
    ];

    private static readonly string[] s_several =
    [
        "It also brings {0} to mind.",
        "There is room for {0} in this as well.",
        "Some words belong here too: {0}.",
        "It is also about {0}.",
    ];

    /// <summary>Leaves out forbidden words: with their sentences where others remain, else by themselves.</summary>
    public static string? LeaveOut(Draft draft, InstructionArguments arguments)
    {
        Regex words = new(
            $@"\b({string.Join('|', arguments.Texts("forbidden_words").Select(Regex.Escape))})\b", RegexOptions.IgnoreCase);
        return Passages.Statements(draft.Text).TrueForAll(words.IsMatch)
            ? Regex.Replace(words.Replace(draft.Text, ""), "  +", " ")
            : Passages.Keep(draft.Text, (sentence, _) => !words.IsMatch(sentence));
    }

    /// <summary>Mentions the words that are missing.</summary>
    public static string? Mention(Draft draft, InstructionArguments arguments)
    {
        string[] missing = [.. arguments.Texts("keywords")
            .Where(word => !draft.Text.Contains(word, StringComparison.OrdinalIgnoreCase))];
        return missing.Length switch
        {
            0 => null,
            1 => Passages.Append(draft.Text, Fill(draft.Random.Pick(s_mentions), missing[0])),
            _ => Passages.Append(draft.Text, Fill(
                draft.Random.Pick(s_several), $"{string.Join(", ", missing[..^1])} and {missing[^1]}")),
        };
    }

    /// <summary>Mentions a word as often as it should be, or leaves out the sentences in which it is one too many.</summary>
    public static string? MentionOften(Draft draft, InstructionArguments arguments)
    {
        string word = arguments.Text("keyword");
        int wanted = arguments.Count("frequency");
        if (arguments.Relation("relation") == Relation.LessThan)
        {
            int seen = 0;
            return Passages.Keep(draft.Text, (sentence, _) => (seen += Occurrences(sentence, word)) < wanted);
        }

        string text = draft.Text;
        foreach (string sentence in draft.Random.Shuffled(s_mentions)
            .Take(wanted - Occurrences(text, word)))
        {
            text = Passages.Append(text, Fill(sentence, word));
        }

        return text;
    }

    /// <summary>
    /// A letter that is too rare gets sentences that have it; sentences that have most of one that is too frequent go.
    /// </summary>
    public static string? Letters(Draft draft, InstructionArguments arguments)
    {
        char letter = char.ToLowerInvariant(arguments.Text("letter")[0]);
        int wanted = arguments.Count("let_frequency");
        if (arguments.Relation("let_relation") == Relation.LessThan)
        {
            int seen = 0;
            string kept = Passages.Keep(draft.Text, (sentence, _) => (seen += Letters(sentence, letter)) < wanted);
            return kept.Length > 0 ? kept : null;
        }

        string text = draft.Text;
        for (int i = 0; i < 3 && Letters(text, letter) < wanted; i++)
        {
            string? best = s_endings.Where(one => !text.Contains(one, StringComparison.Ordinal))
                .OrderByDescending(one => Letters(one, letter)).FirstOrDefault(one => Letters(one, letter) > 0);
            text = best is null ? text : Passages.Append(text, best);
        }

        return text;
    }

    /// <summary>Sentences that go with most texts.</summary>
    public static IReadOnlyList<string> Endings => s_endings;

    private static readonly string[] s_endings =
    [
        "That is what matters most.",
        "There is always more to say about it.",
        "Take your time with it.",
        "Just give it a quiet moment.",
        "It is a question of patience and of joy.",
        "Keep it simple and enjoy it.",
        "Every small step helps.",
        "You will quickly get used to it.",
        "Have fun, and be very kind to one another.",
        "Exactly this makes it exciting.",
        "What a cozy, amazing thing it is.",
        "People will remember it with pleasure.",
    ];

    private static int Letters(string text, char letter) => text.Count(one => char.ToLowerInvariant(one) == letter);

    private static int Occurrences(string text, string word) =>
        Regex.Count(text, Regex.Escape(word), RegexOptions.IgnoreCase);

    private static string Fill(string sentence, string word) => sentence.Replace("{0}", word, StringComparison.Ordinal);
}
