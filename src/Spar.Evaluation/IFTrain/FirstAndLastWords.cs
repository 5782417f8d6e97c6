using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>The first word, marks included, is the one asked for, whatever the case.</summary>
internal sealed class FirstWordOfAnswer(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _word = EdgeWord.Wanted(arguments.Text("first_word"));

    protected override Verdict Check(string response)
    {
        string found = EdgeWord.First(response);
        return new Verdict(found == _word, $"starts with '{found}', asked for '{_word}'");
    }
}

/// <summary>Every sentence starts with the word asked for; a blank sentence fails.</summary>
internal sealed class FirstWordOfSentences(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _word = EdgeWord.Wanted(arguments.TextOrFirst("first_word"));

    protected override Verdict Check(string response) =>
        EdgeWord.CheckSentences(response, _word, EdgeWord.First, "starts with");
}

/// <summary>The last word, without all marks and symbols in it, is the one asked for, whatever the case.</summary>
internal sealed class LastWordOfAnswer(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _word = EdgeWord.Wanted(arguments.Text("last_word"));

    protected override Verdict Check(string response)
    {
        string found = EdgeWord.Last(response);
        return new Verdict(found == _word, $"ends with '{found}', asked for '{_word}'");
    }
}

/// <summary>Every sentence ends with the word asked for; a blank sentence fails.</summary>
internal sealed class LastWordOfSentences(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _word = EdgeWord.Wanted(arguments.TextOrFirst("last_word"));

    protected override Verdict Check(string response) =>
        EdgeWord.CheckSentences(response, _word, EdgeWord.Last, "ends with");
}

/// <summary>What the checks of first and last words share.</summary>
internal static class EdgeWord
{
    /// <summary>The word asked for in the form in which it is compared.</summary>
    public static string Wanted(string word) => PythonText.Lower(PythonText.Strip(word));

    /// <summary>The first word of a text that is not blank, marks included, in lower case.</summary>
    public static string First(string text)
    {
        string stripped = PythonText.StripStart(text);
        int end = 0;
        while (end < stripped.Length && !PythonText.IsWhitespace(stripped[end]))
        {
            end++;
        }

        return PythonText.Lower(stripped[..end]);
    }

    /// <summary>
    /// The last word of a text that is not blank, in lower case, with its word characters only; perhaps nothing.
    /// </summary>
    public static string Last(string text)
    {
        string stripped = PythonText.StripEnd(text);
        int start = stripped.Length;
        while (start > 0 && !PythonText.IsWhitespace(stripped[start - 1]))
        {
            start--;
        }

        int[] points = [.. PythonText.CodePoints(stripped[start..]).Where(PythonText.IsWord)];
        return PythonText.Lower(PythonText.FromCodePoints(points));
    }

    /// <summary>The verdict on one edge of every sentence.</summary>
    public static Verdict CheckSentences(string response, string wanted, Func<string, string> edgeOf, string does)
    {
        List<string> sentences = RegexSentenceSplitter.Split(response);
        for (int i = 0; i < sentences.Count; i++)
        {
            if (PythonText.IsBlank(sentences[i]))
            {
                return new Verdict(false, $"has a blank sentence {i + 1}");
            }

            string found = edgeOf(sentences[i]);
            if (found != wanted)
            {
                return new Verdict(false, $"has a sentence {i + 1} that {does} '{found}', asked for '{wanted}'");
            }
        }

        return new Verdict(true, $"has only sentences of which each {does} '{wanted}'");
    }
}
