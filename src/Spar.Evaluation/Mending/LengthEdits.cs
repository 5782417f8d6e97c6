using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Mending;

/// <summary>Edits of how long a response is and of how it is divided.</summary>
internal static class LengthEdits
{
    // So many sentences of common places may be added; more would be no answer.
    private const int MostAdded = 4;

    /// <summary>Ends a response that is too long after an earlier sentence; one that is too short stays so.</summary>
    public static string? Words(Draft draft, InstructionArguments arguments)
    {
        int wanted = arguments.Count("num_words");
        if (arguments.Relation("relation") == Relation.AtLeast)
        {
            return Longer(draft, text => PythonText.CountWordRuns(text) >= wanted);
        }

        int words = 0;
        string kept = Passages.Keep(
            draft.Text, (sentence, _) => (words += PythonText.CountWordRuns(sentence)) < wanted);
        return kept.Length > 0 ? kept : null;
    }

    /// <summary>Ends a response that is too long after an earlier sentence; one that is a little too short goes on.</summary>
    public static string? Sentences(Draft draft, InstructionArguments arguments)
    {
        int wanted = arguments.Count("num_sentences");
        if (arguments.Relation("relation") == Relation.AtLeast)
        {
            return Longer(draft, text => PunktSentenceSplitter.Split(text).Count >= wanted);
        }

        // Lines without a full stop are no sentences of their own to the verifier, so that more of them may stay.
        for (int most = Passages.Statements(draft.Text).Count - 1; most > 0; most--)
        {
            string kept = Passages.Keep(draft.Text, (_, place) => place < most);
            if (kept.Length > 0 && PunktSentenceSplitter.Split(kept).Count < wanted)
            {
                return kept;
            }
        }

        return null;
    }

    /// <summary>Makes so many paragraphs, with lines of three asterisks between.</summary>
    public static string? Paragraphs(Draft draft, InstructionArguments arguments) =>
        Passages.Pieces(draft.Text, arguments.Count("num_paragraphs")) is { } pieces
            ? string.Join("\n\n***\n\n", pieces)
            : null;

    /// <summary>Makes so many paragraphs, with blank lines between, of which one begins with a given word.</summary>
    public static string? ParagraphWord(Draft draft, InstructionArguments arguments)
    {
        if (Passages.Pieces(draft.Text, arguments.Count("num_paragraphs")) is not { } pieces)
        {
            return null;
        }

        int nth = arguments.Count("nth_paragraph") - 1;
        string word = arguments.Text("first_word");
        if (nth >= pieces.Count)
        {
            return null;
        }

        string first = pieces[nth].Split(' ')[0];
        bool name = first.Length < 2 || first == "I" || first.Skip(1).Any(char.IsUpper);
        string rest = name ? pieces[nth] : char.ToLowerInvariant(pieces[nth][0]) + pieces[nth][1..];
        pieces[nth] = $"{char.ToUpperInvariant(word[0])}{word[1..]}, {rest}";
        return string.Join("\n\n", pieces);
    }

    /// <summary>Makes two responses of one, each of half its sentences.</summary>
    public static string? TwoResponses(Draft draft) =>
        Passages.Pieces(draft.Text.Replace("******", "\n\n", StringComparison.Ordinal), 2) is { } halves
            ? string.Join("\n\n******\n\n", halves)
            : null;

    private static string? Longer(Draft draft, Func<string, bool> enough)
    {
        string text = draft.Text;
        foreach (string sentence in draft.Random.Shuffled(WordEdits.Endings).Take(MostAdded))
        {
            text = Passages.Append(text, sentence);
            if (enough(text))
            {
                return text;
            }
        }

        return null;
    }
}
