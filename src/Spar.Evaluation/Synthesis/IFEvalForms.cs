using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>The forms of IFEval's 25 instructions.</summary>
internal static class IFEvalForms
{
    private static readonly string[] s_longFillers = [.. Vocabulary.BuiltIn.Fillers.Where(filler => filler.Length > 2)];
    private static readonly string[] s_letters = [.. "abcdefghijklmnoprstuvwyz".Select(letter => letter.ToString())];

    /// <summary>The forms, family by family.</summary>
    public static IReadOnlyList<ConstraintForm> All { get; } =
    [
        new("keywords:existence", 1,
            (d, s) => new() { ["keywords"] = Array(s.Keywords(d.Between(1, 3))) },
            (p, a) => p.Words.AddRange(a.Texts("keywords"))),
        new("keywords:frequency", 2,
            (d, s) => Related(d, "relation", "frequency", 2, 5, new() { ["keyword"] = s.Keyword() }),
            (p, a) => Frequency(p, a.Text("keyword"), a.Number("frequency"), a.AtLeast("relation"))),
        new("keywords:forbidden_words", 1,
            (d, _) => new() { ["forbidden_words"] = Array([.. d.Shuffled(s_longFillers).Take(d.Between(1, 4))]) },
            (p, a) => p.Banned.AddRange(a.Texts("forbidden_words"))),
        new("keywords:letter_frequency", 2,
            (d, _) => Letter(d),
            (p, a) => LetterFrequency(p, a)),
        new("language:response_language", 2,
            (d, _) => new() { ["language"] = d.Pick([.. Vocabulary.BuiltIn.Languages.Keys]) },
            (p, a) => p.Language = a.Text("language")),
        new("length_constraints:number_sentences", 2,
            (d, _) => Related(d, "relation", "num_sentences", 3, 12, []),
            (p, a) => Sentences(p, a.Number("num_sentences"), a.AtLeast("relation"))),
        new("length_constraints:number_paragraphs", 1,
            (d, _) => new() { ["num_paragraphs"] = d.Between(2, 6) },
            (p, a) => Pieces(p, a.Number("num_paragraphs"), "\n***\n")),
        new("length_constraints:number_words", 2,
            (d, _) => Related(d, "relation", "num_words", 3, 30, [], step: 10),
            (p, a) => WordCount(p, a.Number("num_words"), a.AtLeast("relation"))),
        new("length_constraints:nth_paragraph_first_word", 2,
            (d, _) =>
            {
                int count = d.Between(2, 5);
                return new()
                {
                    ["num_paragraphs"] = count,
                    ["nth_paragraph"] = d.Between(1, count),
                    ["first_word"] = d.Pick(Vocabulary.BuiltIn.FirstWords),
                };
            },
            (p, a) =>
            {
                Pieces(p, a.Number("num_paragraphs"), "\n\n");
                p.ParagraphFirst[a.Number("nth_paragraph") - 1] = a.Text("first_word");
            }),
        new("detectable_content:number_placeholders", 1,
            (d, _) => new() { ["num_placeholders"] = d.Between(2, 5) },
            (p, a) => p.Parts.AddRange(Enumerable.Repeat("[~]", a.Number("num_placeholders")))),
        new("detectable_content:postscript", 1,
            (d, _) => new() { ["postscript_marker"] = d.Pick(["P.S.", "P.P.S"]) },
            (p, a) => p.Closing.Add($"\n{a.Text("postscript_marker")} ~ ~")),
        new("detectable_format:number_bullet_lists", 1,
            (d, _) => new() { ["num_bullets"] = d.Between(2, 8) },
            (p, a) => p.Parts.AddRange(Enumerable.Repeat("\n* ~ ~\n", a.Number("num_bullets")))),
        new("detectable_format:constrained_response", 1,
            (_, _) => [],
            (p, _) => p.Statements.Add("My answer is maybe.")),
        new("detectable_format:number_highlighted_sections", 1,
            (d, _) => new() { ["num_highlights"] = d.Between(2, 6) },
            (p, a) => p.Parts.AddRange(Enumerable.Repeat("*~ ~* ~", a.Number("num_highlights")))),
        new("detectable_format:multiple_sections", 1,
            (d, _) => new()
            {
                ["section_spliter"] = d.Pick(Vocabulary.BuiltIn.SectionMarks),
                ["num_sections"] = d.Between(2, 5),
            },
            (p, a) => p.Parts.AddRange(
                Enumerable.Range(1, a.Number("num_sections")).Select(i => $"\n{a.Text("section_spliter")} {i}\n~"))),
        new("detectable_format:json_format", 2, (_, _) => [], (p, _) => p.Json = true),
        new("detectable_format:title", 1, (_, _) => [], (p, _) => p.Parts.Add("\n<<~ ~>>\n")),
        new("combination:two_responses", 2, (_, _) => [], (p, _) => Pieces(p, 2, "\n******\n")),
        new("combination:repeat_prompt", 1,
            (_, s) => new() { ["prompt_to_repeat"] = s.Request },
            (p, a) => p.Opening = a.Text("prompt_to_repeat")),
        new("startend:end_checker", 1,
            (d, _) => new() { ["end_phrase"] = d.Pick(Vocabulary.BuiltIn.EndPhrases) },
            (p, a) => p.EndPhrase = a.Text("end_phrase")),
        new("startend:quotation", 1, (_, _) => [], (p, _) => p.Quoted = true),
        new("change_case:capital_word_frequency", 2,
            (d, _) => Related(d, "capital_relation", "capital_frequency", 2, 12, []),
            (p, a) => p.Capitals = a.AtLeast("capital_relation") ? a.Number("capital_frequency") : 0),
        new("change_case:english_capital", 3, (_, _) => [], (p, _) => p.Case = TextCase.Upper),
        new("change_case:english_lowercase", 3, (_, _) => [], (p, _) => p.Case = TextCase.Lower),
        new("punctuation:no_comma", 1, (_, _) => [], (_, _) => { }),
    ];

    /// <summary>A list of texts as an argument.</summary>
    public static JsonArray Array(string[] items) => [.. items.Select(item => JsonValue.Create(item))];

    /// <summary>Arguments with a relation and a number that is a multiple of a step.</summary>
    public static JsonObject Related(
        SeededRandom random, string relation, string number, int least, int most, JsonObject others, int step = 1)
    {
        others[number] = step * random.Between(least, most);
        others[relation] = random.Chance(0.5) ? "at least" : "less than";
        return others;
    }

    /// <summary>A letter and how often it is to occur.</summary>
    public static JsonObject Letter(SeededRandom random)
    {
        bool atLeast = random.Chance(0.5);
        return new()
        {
            ["letter"] = random.Pick(s_letters),
            ["let_frequency"] = atLeast ? random.Between(2, 9) : random.Between(1, 12),
            ["let_relation"] = atLeast ? "at least" : "less than",
        };
    }

    /// <summary>Plans for <see cref="Letter"/>.</summary>
    public static void LetterFrequency(ResponsePlan plan, ConstraintArguments arguments)
    {
        char letter = arguments.Text("letter")[0];
        if (arguments.AtLeast("let_relation"))
        {
            plan.LettersNeeded[letter] = arguments.Number("let_frequency");
        }
        else
        {
            plan.LettersAvoided.Add(letter);
        }
    }

    /// <summary>Plans for a keyword that is to occur so often, or less often than that.</summary>
    public static void Frequency(ResponsePlan plan, string keyword, int frequency, bool atLeast)
    {
        if (atLeast)
        {
            plan.Words.AddRange(Enumerable.Repeat(keyword, frequency));
        }
        else
        {
            plan.Banned.Add(keyword);
        }
    }

    /// <summary>Plans for pieces with a divider between.</summary>
    public static void Pieces(ResponsePlan plan, int count, string divider) =>
        (plan.Pieces, plan.Divider) = (count, divider);

    private static void Sentences(ResponsePlan plan, int number, bool atLeast)
    {
        plan.MinSentences = atLeast ? Math.Max(plan.MinSentences, number) : plan.MinSentences;
        plan.MaxSentences = atLeast ? plan.MaxSentences : Math.Min(plan.MaxSentences, number - 1);
    }

    private static void WordCount(ResponsePlan plan, int number, bool atLeast)
    {
        plan.MinWords = atLeast ? Math.Max(plan.MinWords, number) : plan.MinWords;
        plan.MaxWords = atLeast ? plan.MaxWords : Math.Min(plan.MaxWords, number - 1);
    }
}
