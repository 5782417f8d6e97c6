using Spar.Evaluation.Text;
using static Spar.Evaluation.FollowBench.ResponseText;

namespace Spar.Evaluation.FollowBench;

/// <summary>
/// The checks of the five summarization groups in type mixed. Each group's constraints add up: a response of level n
/// must meet the first n.
/// </summary>
internal static class SummaryChecks
{
    private static readonly PythonRegex s_presentPerfect = new(@"\b(?:has|have)\s+\w+");
    private static readonly PythonRegex s_presentContinuous = new(@"\b(?:am|is|are)\s+\w+ing\b");
    private static readonly PythonRegex s_procrast = new("procrast", ignoreCase: true);

    /// <summary>
    /// Three sentences, each under 15 words, with given words in given sentences, the third in the present perfect.
    /// </summary>
    public static bool CnnDailyMail(string response, int level)
    {
        string[] sentences = SentencesOf(response);
        return FirstHold(
            level,
            () => sentences.Length == 3,
            () => sentences.All(sentence => Words(sentence) < 15),
            () =>
                ContainsWord(sentences[0], "Potter")
                && ContainsWord(sentences[1], "actor")
                && ContainsWord(sentences[2], "films"),
            () => !ContainsWord(sentences[1], "lavish"),
            () => s_presentPerfect.IsFoundIn(sentences[2])
        );
    }

    /// <summary>
    /// One sentence, under 20 words, without a place name, in the present continuous, with a given word.
    /// </summary>
    public static bool Xsum(string response, int level) =>
        FirstHold(
            level,
            () => SentencesOf(response).Length == 1,
            () => SpacePieces(response) < 20,
            () => !ContainsWord(response, "Newton Stewart"),
            () => s_presentContinuous.IsFoundIn(response),
            () => ContainsWord(response, "operation")
        );

    /// <summary>
    /// One sentence, under 15 words, with one word and without another, with exactly one punctuation mark.
    /// </summary>
    public static bool Samsum(string response, int level) =>
        FirstHold(
            level,
            () => SentencesOf(response).Length == 1,
            () => SpacePieces(response) < 15,
            () => ContainsWord(response, "stuff"),
            () => !s_procrast.IsFoundIn(response),
            () => PunctuationMarks(response) == 1
        );

    /// <summary>Eight words, no punctuation, lower-case, without one word and with another.</summary>
    public static bool Gigaword(string response, int level) =>
        FirstHold(
            level,
            () => SpacePieces(response) == 8,
            () => PunctuationMarks(response) == 0,
            () => PythonText.IsLower(response),
            () => !ContainsWord(response, "bus"),
            () => ContainsWord(response, "in")
        );

    /// <summary>One sentence, at most 20 words, that starts with "We", with one word and without another.</summary>
    public static bool Arxiv(string response, int level) =>
        FirstHold(
            level,
            () => SentencesOf(response).Length == 1,
            () => SpacePieces(response) <= 20,
            () => response.StartsWith("We", StringComparison.Ordinal),
            () => ContainsWord(response, "activations"),
            () => !ContainsWord(response, "transformer")
        );

    /// <summary>Whether the first <paramref name="level"/> constraints hold; later ones are not looked at.</summary>
    private static bool FirstHold(int level, params Func<bool>[] constraints) =>
        constraints.Take(level).All(holds => holds());
}
