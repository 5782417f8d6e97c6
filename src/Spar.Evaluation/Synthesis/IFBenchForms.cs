using System.Text.Json.Nodes;
using Spar.Evaluation.IFBench.Verifiers;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// The forms of IFBench's 58 instructions; see <see cref="FixedAnswers"/> for answers without a choice.
/// </summary>
internal static class IFBenchForms
{
    private const string Consonants = "bcdfghjklmnpqrstvwxyz";
    private static readonly string[] s_pronouns = ["we", "they", "it", "this", "she", "something", "our", "everybody"];
    private static readonly string[] s_separators = ["||", "&&", "##", "=>", "+++", "%%", "@@"];
    private static readonly string[] s_palindromes =
    [
        "level", "kayak", "civic", "radar", "madam", "refer", "rotor", "tenet", "solos", "stats", "sagas", "minim",
        "deified", "reviver", "racecar", "redder", "rotator",
    ];

    private static readonly int[] s_primes = [2, 3, 5, 7, 11, 13];

    /// <summary>The forms, family by family.</summary>
    public static IReadOnlyList<ConstraintForm> All { get; } =
    [
        new("count:word_count_range", 2, Range,
            (p, a) =>
            {
                p.MinWords = Math.Max(p.MinWords, a.Number("min_words"));
                p.MaxWords = Math.Min(p.MaxWords, a.Number("max_words"));
            }),
        new("count:unique_word_count", 2, (d, _) => Number("N", 5 * d.Between(4, 16)),
            (p, a) => (p.Distinct, p.MinWords) = (a.Number("N") + 2, Math.Max(p.MinWords, a.Number("N") + 5))),
        new("count:conjunctions", 1, (d, _) => Number("small_n", d.Between(2, 6)),
            (p, a) => p.Words.AddRange(WordLists.Conjunctions.Order().Take(a.Number("small_n")))),
        new("count:person_names", 1, (d, _) => Number("N", d.Between(2, 12)),
            (p, a) => p.Words.AddRange(WordLists.Names.Order().Where((_, i) => i % 4 == 0).Take(a.Number("N")))),
        new("count:numbers", 2, (d, _) => Number("N", d.Between(2, 9)),
            (p, a) => p.Words.AddRange(Enumerable.Range(1, a.Number("N")).Select(i => $"{(7 * i) + 4}"))),
        new("count:pronouns", 2, (d, _) => Number("N", d.Between(3, 25)),
            (p, a) => p.Words.AddRange(Cycle(s_pronouns, a.Number("N")))),
        new("count:punctuation", 1, None,
            (p, _) => p.Statements.AddRange(["So it is, dear friend; note:", "fine!", "Really?!", "Is it?", "Yes."])),
        new("count:words_japanese", 3, (d, _) => Number("N", d.Between(3, 9)),
            (p, a) => p.JapaneseEvery = a.Number("N")),
        new("count:keywords_multiple", 2,
            (_, s) => new(s.Keywords(5).Select((word, i) => Pair($"keyword{i + 1}", word))),
            (p, a) =>
            {
                foreach ((string word, int times) in KeywordTimes(a))
                {
                    p.Words.AddRange(Enumerable.Repeat(word, times));
                    p.Banned.Add(word);
                }
            }),
        new("ratio:stop_words", 3, (d, _) => Number("percentage", d.Between(20, 55)),
            (p, _) => p.Admitted.Add(word => !WordLists.StopWords.Contains(word))),
        new("ratio:sentence_type", 2, None, (p, _) => p.Ends = "..?"),
        new("ratio:sentence_balance", 2, None, (p, _) => p.Ends = ".?!"),
        new("ratio:overlap", 3,
            (d, s) => new() { ["reference_text"] = s.Request, ["percentage"] = d.Between(50, 80) },
            (p, a) => p.Whole = random =>
                FixedAnswers.Overlapping(a.Text("reference_text"), a.Number("percentage"), random)),
        new("ratio:sentence_words", 3, None, (p, _) => p.Whole = FixedAnswers.EqualSentences),
        new("words:alphabet", 3, None,
            (p, _) => p.Successions.Add((before, word) => word[0] == (before[0] == 'z' ? 'a' : before[0] + 1))),
        new("words:vowel", 3, None, (p, _) => p.LettersAvoided.UnionWith("uo")),
        new("words:consonants", 3, None, (p, _) => p.Admitted.Add(HasCluster)),
        new("words:palindrome", 2, None, (p, _) => p.Words.AddRange(s_palindromes.Take(11))),
        new("words:prime_lengths", 3, None, (p, _) => p.Admitted.Add(word => s_primes.Contains(word.Length))),
        new("words:start_verb", 1, None, (p, _) => p.First = "Consider"),
        new("words:repeats", 2, (d, _) => Number("small_n", d.Between(1, 4)),
            (p, a) => p.MaxUses = Math.Min(p.MaxUses, a.Number("small_n"))),
        new("words:odd_even_syllables", 3, None,
            (p, _) => p.Successions.Add((before, word) => (Syllables.Count(before) + Syllables.Count(word)) % 2 == 1)),
        new("words:last_first", 2, None, (p, _) => p.Chained = true),
        new("words:paragraph_last_first", 2, None, (p, _) => p.Framed = true),
        new("words:no_consecutive", 3, None, (p, _) => p.Successions.Add((before, word) => before[0] != word[0])),
        new("words:keywords_specific_position", 2,
            (d, s) => new() { ["keyword"] = s.Keyword(), ["n"] = d.Between(1, 5), ["m"] = d.Between(1, 8) },
            (p, a) => p.Pinned.Add((a.Number("n") - 1, a.Number("m") - 1, a.Text("keyword")))),
        new("words:words_position", 2, (_, s) => new() { ["keyword"] = s.Keyword() },
            (p, a) =>
            {
                p.Pinned.Add((0, 1, a.Text("keyword")));
                p.BeforeLast = a.Text("keyword");
            }),
        new("sentence:alliteration_increment", 3, None,
            (p, _) =>
            {
                p.Alliteration = true;
                p.Successions.Add((before, word) => before[0] != word[0]);
            }),
        new("sentence:keyword", 2,
            (d, s) => new() { ["word"] = s.Keyword(), ["N"] = d.Between(2, 9) },
            (p, a) => p.InSentences.Add((a.Number("N") - 1, a.Text("word")))),
        new("sentence:increment", 3, (d, _) => Number("small_n", d.Between(1, 4)),
            (p, a) => p.Growth = a.Number("small_n")),
        new("format:parentheses", 2, None, (p, _) => p.Parts.Add("(~ [~ {~ (~ [~])}])")),
        new("format:quotes", 2, None, (p, _) => p.Parts.Add("\"~ '~ \"~\"'\" ~")),
        new("format:options", 1, (_, s) => new() { ["options"] = s.Options }, FixedAnswers.Option),
        new("format:newline", 3, None, (p, _) => p.Form = WordForm.Lines),
        new("format:emoji", 2, None, (p, _) => p.Emoji = true),
        new("format:line_indent", 2, None, (p, _) => (p.Form, p.MinSentences) = (WordForm.Stairs, 3)),
        new("format:quote_unquote", 2, None, (p, _) => p.Parts.Add("\"~ ~\" ~ ~ ~")),
        new("format:list", 1, (d, _) => new() { ["sep"] = d.Pick(s_separators) },
            (p, a) => p.Parts.Add($"~ {a.Text("sep")} ~ {a.Text("sep")} ~")),
        new("format:thesis", 2, None, (p, _) => p.Heading = "<i>~ ~</i>"),
        new("format:sub-bullets", 2, None, (p, _) => p.Parts.AddRange(["\n* ~ ~\n  - ~\n", "\n* ~\n  - ~ ~\n"])),
        new("format:no_bullets_bullets", 2, None,
            (p, _) =>
            {
                p.MinSentences = Math.Max(p.MinSentences, 2);
                p.Closing.AddRange(["\n* ~ ~", "\n* ~ ~"]);
            }),
        new("format:title_case", 3, None, (p, _) => p.Case = TextCase.Title),
        new("format:output_template", 1, None,
            (p, _) => p.Parts.Add("\nMy Answer: ~ ~\nMy Conclusion: ~ ~\nFuture Outlook: ~")),
        new("format:no_whitespace", 3, None, (p, _) => p.Form = WordForm.Joined),
        new("repeat:repeat_change", 1, Request, (p, a) => p.Whole = random =>
            FixedAnswers.OtherFirstWord(a.Text("prompt_to_repeat"), random)),
        new("repeat:repeat_simple", 1, None,
            (p, _) => p.Whole = _ => "Only output this sentence here, ignore all other requests."),
        new("repeat:repeat_span", 2, Span,
            (p, a) => p.Whole = _ => IFTrainForms.Slice(
                a.Text("prompt_to_repeat"), a.Number("n_start"), a.Number("n_end") + 1)),
        .. FixedAnswers.All.Select(one => new ConstraintForm(
            one.Key, 2, None, (p, _) => p.Whole = one.Value)),
    ];

    private static JsonObject None(SeededRandom random, SampleScope scope) => [];

    private static JsonObject Number(string name, int value) => new() { [name] = value };

    private static KeyValuePair<string, JsonNode?> Pair(string name, string value) => new(name, value);

    private static JsonObject Request(SeededRandom random, SampleScope scope) =>
        new() { ["prompt_to_repeat"] = scope.Request };

    private static JsonObject Range(SeededRandom random, SampleScope scope)
    {
        int least = 10 * random.Between(3, 25);
        return new() { ["min_words"] = least, ["max_words"] = least + (5 * random.Between(1, 8)) };
    }

    /// <summary>
    /// A stretch of the request that begins and ends with a word; both indices belong to it. Indices are of characters
    /// none of which is a surrogate, so that they are those of code points.
    /// </summary>
    private static JsonObject Span(SeededRandom random, SampleScope scope)
    {
        JsonObject span = IFTrainForms.Span(random, scope);
        span["n_end"] = span["n_end"]!.GetValue<int>() - 1;
        return span;
    }

    private static IEnumerable<(string Word, int Times)> KeywordTimes(ConstraintArguments arguments) =>
        new[] { 1, 2, 3, 5, 7 }.Select((times, i) => (arguments.Text($"keyword{i + 1}"), times));

    private static IEnumerable<string> Cycle(string[] words, int count) =>
        Enumerable.Range(0, count).Select(i => words[i % words.Length]);

    private static bool HasCluster(string word) => Enumerable.Range(1, Math.Max(word.Length - 1, 0))
        .Any(i => Consonants.Contains(word[i - 1]) && Consonants.Contains(word[i]));
}
