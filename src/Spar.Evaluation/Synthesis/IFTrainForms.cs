using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>The forms of IFTrain's 29 instructions.</summary>
internal static class IFTrainForms
{
    /// <summary>The forms, family by family.</summary>
    public static IReadOnlyList<ConstraintForm> All { get; } =
    [
        new("copy:repeat_phrase", 2,
            (d, _) => new() { ["phrase"] = d.Pick(Vocabulary.BuiltIn.Phrases), ["small_n"] = d.Between(2, 4) },
            RepeatPhrase),
        new("copy:copy", 1, Request, (p, a) => p.Whole = _ => a.Text("prompt_to_repeat")),
        new("copy:copying_simple", 1, Request, (p, a) => p.Whole = _ => a.Text("prompt_to_repeat")),
        new("copy:copying_multiple", 2,
            (d, s) => new() { ["prompt_to_repeat"] = s.Request, ["N"] = d.Between(2, 5) },
            (p, a) => p.Whole = _ => string.Join(
                "\n******\n", Enumerable.Repeat(a.Text("prompt_to_repeat"), a.Number("N")))),
        new("new:copy_span_idx", 2, Span,
            (p, a) => p.Whole = _ => Slice(a.Text("prompt_to_repeat"), a.Number("n_start"), a.Number("n_end"))),
        new("detectable_format:sentence_hyphens", 2, (_, _) => [], (p, _) => p.Form = WordForm.Hyphens),
        new("detectable_format:square_brackets", 3, (_, _) => [], (p, _) => p.Form = WordForm.Brackets),
        new("detectable_format:bigram_wrapping", 3, (_, _) => [], (p, _) => p.Form = WordForm.Pairs),
        new("keywords:no_adjacent_consecutive", 3, (_, _) => [],
            (p, _) => p.Successions.Add((before, word) => word[0] - before[0] != 1)),
        new("keywords:word_once", 1,
            (_, s) => new() { ["keyword"] = s.Keyword() },
            (p, a) => Exactly(p, a.Text("keyword"), 1)),
        new("keywords:word_count_different_numbers", 2,
            (d, s) => IFEvalForms.Related(d, "relation", "frequency", 2, 6, new() { ["keyword"] = s.Keyword() }),
            (p, a) => IFEvalForms.Frequency(p, a.Text("keyword"), a.Number("frequency"), a.AtLeast("relation"))),
        new("keywords:exclude_word_harder", 1,
            (d, _) => new() { ["keyword"] = d.Pick([.. Vocabulary.BuiltIn.Fillers.Where(f => f.Length > 3)]) },
            (p, a) => p.Banned.Add(a.Text("keyword"))),
        new("keywords:palindrome", 1, (_, _) => [], (p, _) => p.Words.Add(Vocabulary.BuiltIn.Palindromes[0])),
        new("keywords:keyword_specific_position", 2,
            (d, s) => new() { ["keyword"] = s.Keyword(), ["n"] = d.Between(1, 4), ["m"] = d.Between(1, 6) },
            (p, a) => p.Pinned.Add((a.Number("n") - 1, a.Number("m") - 1, a.Text("keyword")))),
        new("keywords:start_end", 2, (_, _) => [], (p, _) => p.SameEnds = true),
        new("paragraphs:paragraphs", 1, (_, _) => [], (p, _) => IFEvalForms.Pieces(p, 2, "\n***\n")),
        new("paragraphs:paragraphs2", 1, (_, _) => [], (p, _) => IFEvalForms.Pieces(p, 2, "\n\n")),
        new("first_word:first_word_sent", 2, First, (p, a) => p.EverySentenceFirst = a.Text("first_word")),
        new("first_word:first_word_answer", 1, First, (p, a) => p.First = a.Text("first_word")),
        new("last_word:last_word_sent", 2, Last, (p, a) => p.EverySentenceLast = a.Text("last_word")),
        new("last_word:last_word_answer", 1, Last, (p, a) => p.Last = a.Text("last_word")),
        new("punctuation:punctuation_dot", 1, (_, _) => [], (p, _) => p.BannedMarks.Add('.')),
        new("punctuation:punctuation_exclamation", 1, (_, _) => [], (p, _) => p.BannedMarks.Add('!')),
        new("count:lowercase_counting", 3, (d, _) => new() { ["N"] = d.Between(2, 20) },
            (p, _) => p.Case = TextCase.Title),
        new("count:counting_composition", 3,
            (d, _) => new() { ["n_sent"] = d.Between(1, 4), ["n_words"] = d.Between(4, 10) },
            (p, a) =>
            {
                IFEvalForms.Pieces(p, 3, "\n***\n");
                p.Composition = (a.Number("n_sent"), a.Number("n_words"));
            }),
        new("count:count_unique", 3, (_, _) => [], (p, _) => (p.MaxUses, p.NoRepeatedMarks) = (1, true)),
        new("count:count_increment_word", 2,
            (_, s) => new() { ["keyword1"] = s.Keyword(), ["keyword2"] = s.Keyword() },
            (p, a) =>
            {
                Exactly(p, a.Text("keyword1"), 1);
                Exactly(p, a.Text("keyword2"), 2);
            }),
        new("letters:letter_counting", 2,
            (d, _) => IFEvalForms.Related(d, "relation", "N", 4, 40, [], step: 25),
            (p, a) =>
            {
                p.MinLetters = a.AtLeast("relation") ? a.Number("N") : 0;
                p.MaxLetters = a.AtLeast("relation") ? int.MaxValue : a.Number("N") - 1;
            }),
        new("letters:letter_counting2", 2, (d, _) => IFEvalForms.Letter(d), IFEvalForms.LetterFrequency),
    ];

    private static JsonObject Request(SeededRandom random, SampleScope scope) =>
        new() { ["prompt_to_repeat"] = scope.Request };

    private static JsonObject First(SeededRandom random, SampleScope scope) =>
        new() { ["first_word"] = random.Pick(Vocabulary.BuiltIn.FirstWords) };

    private static JsonObject Last(SeededRandom random, SampleScope scope) =>
        new() { ["last_word"] = random.Pick(Vocabulary.BuiltIn.LastWords) };

    /// <summary>
    /// A stretch of the request that begins and ends with a word; indices are of characters, none of which is a
    /// surrogate.
    /// </summary>
    public static JsonObject Span(SeededRandom random, SampleScope scope)
    {
        string text = scope.Request;
        int[] starts = [.. Enumerable.Range(1, Math.Max(0, text.Length - 1))
            .Where(i => text[i - 1] == ' ' && text[i] != ' ')];
        if (starts.Length < 2 || text.Any(char.IsSurrogate))
        {
            return new() { ["prompt_to_repeat"] = text, ["n_start"] = 1, ["n_end"] = Math.Max(2, text.Length - 1) };
        }

        int from = random.Between(0, starts.Length - 2);
        int to = random.Between(from + 1, Math.Min(from + 8, starts.Length - 1));
        return new() { ["prompt_to_repeat"] = text, ["n_start"] = starts[from], ["n_end"] = starts[to] - 1 };
    }

    /// <summary>A stretch of a text, as far as the text has it.</summary>
    public static string Slice(string text, int start, int end) =>
        text[Math.Min(start, text.Length)..Math.Clamp(end, Math.Min(start, text.Length), text.Length)];

    private static void Exactly(ResponsePlan plan, string keyword, int times)
    {
        plan.Words.AddRange(Enumerable.Repeat(keyword, times));
        plan.Banned.Add(keyword);
    }

    private static void RepeatPhrase(ResponsePlan plan, ConstraintArguments arguments)
    {
        string[] words = arguments.Text("phrase").Split(' ');
        string[] others = ["velvet", "silver", "honest", "winter"];
        for (int i = 0; i < arguments.Number("small_n"); i++)
        {
            string[] varied = [.. words];
            varied[1 + (i % (words.Length - 2))] = others[i % others.Length];
            plan.Words.Add(string.Join(' ', varied));
        }

        plan.Banned.Add(words[0].ToLowerInvariant());
        plan.Banned.Add(words[^1].ToLowerInvariant());
    }
}
