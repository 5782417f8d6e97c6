namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Which instructions do not go together in one prompt, whatever their arguments: because no response can follow both,
/// because one says what the other says, or because a reader would take them for a contradiction. What depends on
/// arguments is left to the search for an example.
/// </summary>
public static class ConstraintConflicts
{
    /// <summary>No two members of a group go together.</summary>
    private static readonly (string Reason, string[] Ids)[] s_groups =
    [
        ("both divide the text",
        [
            "length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word",
            "combination:two_responses", "paragraphs:paragraphs", "paragraphs:paragraphs2",
            "count:counting_composition",
        ]),
        ("both settle the case of letters",
        [
            "change_case:english_capital", "change_case:english_lowercase", "change_case:capital_word_frequency",
            "count:lowercase_counting",
        ]),
        ("both settle how the text begins",
        [
            "first_word:first_word_answer", "first_word:first_word_sent", "combination:repeat_prompt",
            "startend:quotation", "detectable_format:json_format", "keywords:start_end",
            "length_constraints:nth_paragraph_first_word",
        ]),
        ("both settle how the text ends",
        [
            "last_word:last_word_answer", "last_word:last_word_sent", "startend:end_checker", "keywords:start_end",
            "detectable_format:json_format", "detectable_content:postscript",
        ]),
        ("both wrap the words",
        [
            "detectable_format:json_format", "startend:quotation", "detectable_format:square_brackets",
            "detectable_format:bigram_wrapping", "detectable_format:sentence_hyphens",
        ]),
        ("both are about one letter", ["keywords:letter_frequency", "letters:letter_counting2"]),
        ("both limit the length",
        ["length_constraints:number_words", "letters:letter_counting", "count:counting_composition"]),
        .. IFBenchConflicts.Groups,
    ];

    /// <summary>No instruction of the first list goes with one of the second.</summary>
    private static readonly (string Reason, string[] Ids, string[] Others)[] s_pairs =
    [
        ("the answer is JSON as a whole, so that it has no lines of its own", ["detectable_format:json_format"],
        [
            "detectable_format:number_bullet_lists", "length_constraints:number_paragraphs", "paragraphs:paragraphs",
            "paragraphs:paragraphs2", "combination:two_responses", "count:counting_composition",
            "detectable_format:title", "detectable_format:multiple_sections", "detectable_format:constrained_response",
        ]),
        ("English words are asked for in another language",
        ["language:response_language"],
        [
            "keywords:existence", "keywords:frequency", "keywords:forbidden_words", "keywords:word_once",
            "keywords:start_end", "keywords:word_count_different_numbers", "keywords:exclude_word_harder",
            "keywords:palindrome", "keywords:keyword_specific_position", "first_word:first_word_sent",
            "first_word:first_word_answer", "last_word:last_word_sent", "last_word:last_word_answer",
            "startend:end_checker", "copy:repeat_phrase", "length_constraints:nth_paragraph_first_word",
            "detectable_format:constrained_response", "combination:repeat_prompt", "change_case:english_capital",
            "change_case:english_lowercase", "count:count_increment_word", "detectable_content:postscript",
            "detectable_format:multiple_sections", "keywords:letter_frequency", "letters:letter_counting2",
            "letters:letter_counting",
        ]),
        ("words and marks have to occur more than once", ["count:count_unique"],
        [
            "copy:repeat_phrase", "keywords:frequency", "keywords:word_count_different_numbers",
            "count:count_increment_word", "detectable_format:number_bullet_lists",
            "detectable_format:multiple_sections", "combination:two_responses", "combination:repeat_prompt",
            "keywords:start_end", "detectable_content:number_placeholders",
            "detectable_format:number_highlighted_sections", "count:counting_composition", "detectable_format:title",
            "detectable_format:square_brackets", "detectable_format:bigram_wrapping", "first_word:first_word_sent",
            "last_word:last_word_sent", "length_constraints:number_sentences",
        ]),
        ("a statement has to stand as it is", ["detectable_format:constrained_response"],
        [
            "punctuation:punctuation_dot", "change_case:english_capital", "change_case:english_lowercase",
            "detectable_format:square_brackets", "detectable_format:bigram_wrapping",
            "detectable_format:sentence_hyphens", "first_word:first_word_sent", "last_word:last_word_sent",
            "last_word:last_word_answer", "count:counting_composition", "keywords:no_adjacent_consecutive",
            "count:lowercase_counting", "keywords:start_end",
        ]),
        ("a postscript has full stops", ["detectable_content:postscript"], ["punctuation:punctuation_dot"]),
        ("lines and marks of their own are not possible among wrapped words",
        [
            "detectable_format:square_brackets", "detectable_format:bigram_wrapping",
            "detectable_format:sentence_hyphens",
        ],
        [
            "detectable_format:number_bullet_lists", "detectable_format:title",
            "detectable_content:number_placeholders", "detectable_format:number_highlighted_sections",
            "detectable_format:multiple_sections", "detectable_content:postscript", "combination:repeat_prompt",
            "copy:repeat_phrase", "keywords:keyword_specific_position", "first_word:first_word_answer",
            "first_word:first_word_sent", "keywords:start_end", "length_constraints:nth_paragraph_first_word",
            "startend:end_checker",
        ]),
        ("the parts have fixed sizes", ["count:counting_composition"],
        [
            "length_constraints:number_sentences", "detectable_format:number_bullet_lists",
            "detectable_format:multiple_sections", "detectable_content:postscript", "combination:repeat_prompt",
            "startend:end_checker", "detectable_format:title", "detectable_content:number_placeholders",
            "detectable_format:number_highlighted_sections",
        ]),
        .. IFBenchConflicts.Pairs,
    ];

    /// <summary>Instructions that leave no choice of words: they go with nothing.</summary>
    private static readonly string[] s_alone =
        ["copy:copy", "copy:copying_simple", "copy:copying_multiple", "new:copy_span_idx", .. IFBenchConflicts.Alone];

    /// <summary>Why two instructions do not go together; null where they may.</summary>
    /// <param name="id">An instruction id.</param>
    /// <param name="other">Another.</param>
    public static string? Between(string id, string other)
    {
        if (id == other)
        {
            return "they are the same";
        }

        if (IsAmong(s_alone, id) || IsAmong(s_alone, other))
        {
            return "one says what the whole answer is";
        }

        return s_groups.FirstOrDefault(g => IsAmong(g.Ids, id) && IsAmong(g.Ids, other)).Reason
            ?? s_pairs.FirstOrDefault(p => (IsAmong(p.Ids, id) && IsAmong(p.Others, other))
                || (IsAmong(p.Ids, other) && IsAmong(p.Others, id))).Reason;
    }

    /// <summary>Whether a list has an id, or its family with a colon.</summary>
    private static bool IsAmong(string[] ids, string id) =>
        Array.Exists(ids, one => one[^1] == ':' ? id.StartsWith(one, StringComparison.Ordinal) : one == id);
}
