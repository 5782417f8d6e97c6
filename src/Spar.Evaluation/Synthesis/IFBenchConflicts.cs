namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Which instructions of IFBench do not go together with each other and with those of other sets; in the form of <see
/// cref="ConstraintConflicts"/>. A name that ends with a colon stands for all of its family.
/// </summary>
internal static class IFBenchConflicts
{
    /// <summary>Instructions that leave no choice of words.</summary>
    public static string[] Alone { get; } =
        ["repeat:", "custom:", "format:options", "ratio:overlap", "ratio:sentence_words"];

    /// <summary>No two members of a group go together.</summary>
    public static (string Reason, string[] Ids)[] Groups { get; } =
    [
        ("both divide the text",
        [
            "format:newline", "format:line_indent", "format:no_whitespace", "words:vowel", "format:output_template",
            "words:paragraph_last_first", "length_constraints:number_paragraphs", "count:counting_composition",
            "length_constraints:nth_paragraph_first_word", "combination:two_responses", "paragraphs:",
            "detectable_format:multiple_sections", "detectable_format:json_format",
        ]),
        ("both settle the case of letters",
        [
            "format:title_case", "change_case:", "count:lowercase_counting", "count:person_names",
        ]),
        ("both settle how the text begins",
        [
            "words:start_verb", "words:words_position", "format:thesis", "first_word:", "combination:repeat_prompt",
            "startend:quotation", "detectable_format:json_format", "keywords:start_end", "words:last_first",
        ]),
        ("both settle how the text ends",
        [
            "words:words_position", "format:no_bullets_bullets", "words:paragraph_last_first", "last_word:",
            "startend:", "keywords:start_end", "detectable_format:json_format", "detectable_content:postscript",
        ]),
        ("both wrap or join the words",
        [
            "format:newline", "format:line_indent", "format:no_whitespace", "detectable_format:square_brackets",
            "detectable_format:bigram_wrapping", "detectable_format:sentence_hyphens",
        ]),
        ("both limit the length",
        [
            "count:word_count_range", "sentence:increment", "length_constraints:number_words",
            "letters:letter_counting", "count:counting_composition",
        ]),
        ("both settle the marks of sentences",
        [
            "ratio:sentence_type", "ratio:sentence_balance", "count:punctuation", "punctuation:punctuation_dot",
            "punctuation:punctuation_exclamation", "detectable_format:constrained_response",
        ]),
        ("both shape every sentence",
        [
            "sentence:increment", "sentence:alliteration_increment", "words:last_first", "count:counting_composition",
            "first_word:first_word_sent", "last_word:last_word_sent",
        ]),
        ("both are about lists",
        [
            "format:list", "format:sub-bullets", "format:no_bullets_bullets", "detectable_format:number_bullet_lists",
        ]),
        ("both are about asterisks",
        [
            "format:sub-bullets", "format:no_bullets_bullets", "detectable_format:number_highlighted_sections",
            "paragraphs:paragraphs", "length_constraints:number_paragraphs", "combination:two_responses",
        ]),
        ("both are about the first letters of words",
        [
            "words:alphabet", "words:no_consecutive", "keywords:no_adjacent_consecutive",
            "sentence:alliteration_increment",
        ]),
        ("both say how often words occur",
        [
            "words:repeats", "count:count_unique", "count:keywords_multiple", "keywords:frequency",
            "keywords:word_count_different_numbers", "count:pronouns",
        ]),
        ("both say where a word stands",
            ["words:keywords_specific_position", "keywords:keyword_specific_position"]),
        ("both are about quotation marks", ["format:quotes", "format:quote_unquote", "startend:quotation"]),
        ("both are about brackets",
            ["format:parentheses", "detectable_format:square_brackets", "detectable_content:number_placeholders"]),
        ("commas are asked for", ["count:punctuation", "punctuation:no_comma"]),
    ];

    /// <summary>No instruction of the first list goes with one of the second.</summary>
    public static (string Reason, string[] Ids, string[] Others)[] Pairs { get; } =
    [
        ("English words are asked for in another language, or a rule is about English",
            ["language:response_language"], ["count:", "ratio:", "words:", "sentence:", "format:"]),
        ("the answer is JSON as a whole", ["detectable_format:json_format"], ["format:"]),
        ("nothing separates words, so that no rule about words or sentences makes sense", ["format:no_whitespace"],
        [
            "words:", "sentence:", "ratio:", "count:", "length_constraints:", "first_word:", "last_word:", "copy:",
            "format:", "detectable_format:", "detectable_content:", "combination:", "startend:", "language:",
        ]),
        ("every word has to obey, also those that the other asks for",
        [
            "words:alphabet", "words:consonants", "words:prime_lengths", "words:odd_even_syllables",
            "count:words_japanese",
        ],
        [
            "combination:repeat_prompt", "startend:end_checker", "detectable_format:constrained_response",
            "copy:repeat_phrase", "words:palindrome", "count:conjunctions", "count:person_names", "count:pronouns",
            "detectable_content:postscript", "detectable_format:multiple_sections", "format:output_template",
            "format:thesis", "count:punctuation",
        ]),
        ("words and marks have to occur more than once", ["count:count_unique"],
        [
            "ratio:sentence_type", "ratio:sentence_balance", "words:last_first", "words:paragraph_last_first",
            "words:words_position", "format:sub-bullets", "format:no_bullets_bullets", "format:list", "format:quotes",
            "format:parentheses", "count:conjunctions", "sentence:increment", "sentence:alliteration_increment",
        ]),
        ("only three kinds of vowels may be used", ["words:vowel"],
            ["combination:repeat_prompt", "words:palindrome", "words:start_verb", "count:person_names"]),
    ];
}
