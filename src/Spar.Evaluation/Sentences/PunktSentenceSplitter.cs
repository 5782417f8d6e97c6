using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Splits English text into sentences with the Punkt method (Kiss and Strunk, 2006, "Unsupervised Multilingual Sentence
/// Boundary Detection") as NLTK 3.9.1 applies it, with the same parameters.
/// </summary>
public static class PunktSentenceSplitter
{
    /// <summary>The sentences of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The sentences in order, without the white space between them; none for blank text.</returns>
    public static List<string> Split(string text) => SplitSpans(text).ConvertAll(span => text[span.Start..span.End]);

    /// <summary>Where the sentences of a text are.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>Start (inclusive) and end (exclusive) of each sentence, as indices into the .NET string.</returns>
    public static List<(int Start, int End)> SplitSpans(string text) => Realign(text, FindSpans(text));

    private static List<(int Start, int End)> FindSpans(string text)
    {
        List<(int, int)> spans = [];
        int start = 0;
        foreach (Candidate candidate in Candidates(text))
        {
            if (HoldsSentenceEnd(text[candidate.WordStart..candidate.ContextEnd]))
            {
                spans.Add((start, candidate.Mark + 1));
                start = candidate.NextStart;
            }
        }

        // Trailing white space belongs to no sentence; a text that ends in it may leave an empty span here.
        spans.Add((start, PythonText.StripEnd(text).Length));
        return spans;
    }

    /// <summary>The sentence marks worth a decision: of marks in one word only the last is kept.</summary>
    private static IEnumerable<Candidate> Candidates(string text)
    {
        Candidate? previous = null;
        int wordStart = 0;
        int wordEnd = 0;
        for (int mark = text.AsSpan().IndexOfAny(".?!"); mark >= 0; mark = NextMark(text, mark))
        {
            if (FindNext(text, mark) is not (int contextEnd, int nextStart))
            {
                continue;
            }

            // A space that is the very first character searched does not count.
            int space = text.AsSpan(wordEnd, mark - wordEnd).LastIndexOfAny(" \t\n\r\v\f");
            int start = space > 0 ? wordEnd + space + 1 : wordStart;
            if (previous is not null && start >= wordEnd)
            {
                yield return previous;
            }

            (wordStart, wordEnd) = (start, mark);
            previous = new Candidate(start, mark, contextEnd, nextStart);
        }

        if (previous is not null)
        {
            yield return previous;
        }
    }

    private static int NextMark(string text, int mark)
    {
        int next = text.AsSpan(mark + 1).IndexOfAny(".?!");
        return next < 0 ? -1 : mark + 1 + next;
    }

    /// <summary>
    /// What follows a mark: one character that is no part of a word, where the next sentence would start; or white
    /// space and a token, at which it would start. Null when neither does.
    /// </summary>
    private static (int ContextEnd, int NextStart)? FindNext(string text, int mark)
    {
        int at = mark + 1;
        if (at < text.Length && PunktScanner.IsNonWord(text[at]))
        {
            return (at + 1, at);
        }

        while (at < text.Length && PythonText.IsWhitespace(text[at]))
        {
            at++;
        }

        if (at == mark + 1 || at == text.Length)
        {
            return null;
        }

        int end = at;
        while (end < text.Length && !PythonText.IsWhitespace(text[end]))
        {
            end++;
        }

        return (end, at);
    }

    /// <summary>Whether a token of the context other than its last one ends a sentence.</summary>
    private static bool HoldsSentenceEnd(string context)
    {
        List<PunktToken> tokens = PunktScanner.Tokens(context);
        foreach (PunktToken token in tokens)
        {
            MarkAlone(token);
        }

        for (int i = 0; i + 1 < tokens.Count; i++)
        {
            if (tokens[i].EndsInDot)
            {
                MarkBefore(tokens[i], tokens[i + 1]);
            }

            if (tokens[i].EndsSentence)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>First pass: what a token tells by itself.</summary>
    private static void MarkAlone(PunktToken token)
    {
        if (token.Text is "." or "?" or "!")
        {
            token.EndsSentence = true;
        }
        else if (!token.IsEllipsis && token.EndsInDot && !token.Text.EndsWith("..", StringComparison.Ordinal))
        {
            string type = PythonText.Lower(token.Text[..^1]);
            token.IsAbbreviation =
                PunktModel.English.IsAbbreviation(type)
                || PunktModel.English.IsAbbreviation(type[(type.LastIndexOf('-') + 1)..]);
            token.EndsSentence = !token.IsAbbreviation;
        }
    }

    /// <summary>Second pass: what the next token tells about a token that ends in a dot.</summary>
    private static void MarkBefore(PunktToken token, PunktToken next)
    {
        PunktModel model = PunktModel.English;
        string type = token.TypeWithoutDot;
        string nextType = next.TypeWithoutSentenceDot;
        if (model.IsCollocation(type, nextType))
        {
            token.EndsSentence = false;
            return;
        }

        if (
            (token.IsAbbreviation || token.IsEllipsis)
            && !token.IsInitial
            && (StartsSentence(next) == true || (next.StartsUpper && model.IsSentenceStarter(nextType)))
        )
        {
            token.EndsSentence = true;
            return;
        }

        if (token.IsInitial || token.IsNumeric)
        {
            bool? starts = StartsSentence(next);
            bool neverLower = (model.Context(nextType) & OrthographicContext.Lower) == 0;
            if (starts == false || (starts is null && token.IsInitial && next.StartsUpper && neverLower))
            {
                token.EndsSentence = false;
            }
        }
    }

    /// <summary>
    /// Whether the case of a token, against the cases in which its type was seen, tells that it starts a sentence; null
    /// when undecided.
    /// </summary>
    private static bool? StartsSentence(PunktToken token)
    {
        if (token.Text is ";" or ":" or "," or "." or "!" or "?")
        {
            return false;
        }

        OrthographicContext seen = PunktModel.English.Context(token.TypeWithoutSentenceDot);
        if (
            token.StartsUpper
            && (seen & OrthographicContext.Lower) != 0
            && (seen & OrthographicContext.UpperInside) == 0
        )
        {
            return true;
        }

        return
            token.StartsLower
            && ((seen & OrthographicContext.Upper) != 0 || (seen & OrthographicContext.LowerAtStart) == 0)
            ? false
            : null;
    }

    /// <summary>
    /// Moves closing quotes and brackets at the start of a sentence to the end of the one before; drops empty spans.
    /// </summary>
    private static List<(int Start, int End)> Realign(string text, List<(int Start, int End)> spans)
    {
        List<(int, int)> realigned = [];
        int moved = 0;
        for (int i = 0; i < spans.Count; i++)
        {
            (int start, int end) = (spans[i].Start + moved, spans[i].End);
            moved = 0;
            if (i + 1 < spans.Count && ClosingMarks(text, spans[i + 1]) is (int marks, int withSpace))
            {
                realigned.Add((start, spans[i + 1].Start + marks));
                moved = withSpace;
            }
            else if (start < end)
            {
                realigned.Add((start, end));
            }
        }

        return realigned;
    }

    /// <summary>
    /// The lengths, without and with white space after them, of the closing marks at the start of a span; null when
    /// none are to be moved.
    /// </summary>
    private static (int Marks, int WithSpace)? ClosingMarks(string text, (int Start, int End) span)
    {
        ReadOnlySpan<char> sentence = text.AsSpan(span.Start, Math.Max(0, span.End - span.Start));
        for (
            int marks = 1;
            marks <= sentence.Length && sentence[marks - 1] is '"' or '\'' or ')' or ']' or '}';
            marks++
        )
        {
            int end = marks;
            while (end < sentence.Length && PythonText.IsWhitespace(sentence[end]))
            {
                end++;
            }

            if (end > marks || end == sentence.Length || sentence[marks..].StartsWith("--"))
            {
                return (marks, end);
            }
        }

        return null;
    }

    /// <summary>A sentence mark with the word before it and what follows it.</summary>
    private sealed record Candidate(int WordStart, int Mark, int ContextEnd, int NextStart);
}
