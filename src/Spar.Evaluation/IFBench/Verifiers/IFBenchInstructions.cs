using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The 58 instructions of IFBench (Pyatkin et al., 2025, "Generalizing Verifiable Instruction Following"), family by
/// family. An argument that an instruction does not know is a fault; only those of the family <c>custom</c>, which
/// stand for one prompt each, ignore all.
/// </summary>
internal static class IFBenchInstructions
{
    /// <summary>How the verifier of each is made from its arguments, by id.</summary>
    public static Dictionary<string, Func<InstructionArguments, InstructionVerifier>> Makers { get; } = new()
    {
        ["count:word_count_range"] = a => new WordCountRange(a.Only("min_words", "max_words")),
        ["count:unique_word_count"] = a => new UniqueWordCount(a.Only("N")),
        ["count:conjunctions"] = a => new Conjunctions(a.Only("small_n")),
        ["count:person_names"] = a => new PersonNames(a.Only("N")),
        ["count:numbers"] = a => new Numbers(a.Only("N")),
        ["count:pronouns"] = a => new Pronouns(a.Only("N")),
        ["count:punctuation"] = a => WithoutArguments<EveryPunctuationMark>(a),
        ["count:words_japanese"] = a => new EveryNthWordJapanese(a.Only("N")),
        ["count:keywords_multiple"] =
            a => new KeywordsMultiple(a.Only("keyword1", "keyword2", "keyword3", "keyword4", "keyword5")),
        ["ratio:stop_words"] = a => new StopWordShare(a.Only("percentage")),
        ["ratio:sentence_type"] = a => WithoutArguments<SentenceTypeRatio>(a),
        ["ratio:sentence_balance"] = a => WithoutArguments<SentenceBalance>(a),
        ["ratio:overlap"] = a => new TrigramOverlap(a.Only("reference_text", "percentage")),
        ["ratio:sentence_words"] = a => WithoutArguments<EqualSentences>(a),
        ["words:alphabet"] = a => WithoutArguments<AlphabetWords>(a),
        ["words:vowel"] = a => WithoutArguments<ThreeVowels>(a),
        ["words:consonants"] = a => WithoutArguments<ConsonantClusters>(a),
        ["words:palindrome"] = a => WithoutArguments<Palindromes>(a),
        ["words:prime_lengths"] = a => WithoutArguments<PrimeLengths>(a),
        ["words:start_verb"] = a => WithoutArguments<StartVerb>(a),
        ["words:repeats"] = a => new WordRepeats(a.Only("small_n")),
        ["words:odd_even_syllables"] = a => WithoutArguments<OddEvenSyllables>(a),
        ["words:last_first"] = a => WithoutArguments<SentenceChain>(a),
        ["words:paragraph_last_first"] = a => WithoutArguments<ParagraphFrame>(a),
        ["words:no_consecutive"] = a => WithoutArguments<NoConsecutiveStarts>(a),
        ["words:keywords_specific_position"] = a => new KeywordAtPosition(a.Only("keyword", "n", "m")),
        ["words:words_position"] = a => new KeywordAtBothEnds(a.Only("keyword")),
        ["sentence:alliteration_increment"] = a => WithoutArguments<AlliterationIncrement>(a),
        ["sentence:keyword"] = a => new SentenceKeyword(a.Only("word", "N")),
        ["sentence:increment"] = a => new SentenceIncrement(a.Only("small_n")),
        ["format:parentheses"] = a => WithoutArguments<NestedParentheses>(a),
        ["format:quotes"] = a => WithoutArguments<NestedQuotes>(a),
        ["format:options"] = a => new OneOption(a.Only("options")),
        ["format:newline"] = a => WithoutArguments<WordPerLine>(a),
        ["format:emoji"] = a => WithoutArguments<SentenceEmoji>(a),
        ["format:line_indent"] = a => WithoutArguments<LineIndent>(a),
        ["format:quote_unquote"] = a => WithoutArguments<QuoteThenUnquoted>(a),
        ["format:list"] = a => new SeparatedList(a.Only("sep")),
        ["format:thesis"] = a => WithoutArguments<Thesis>(a),
        ["format:sub-bullets"] = a => WithoutArguments<SubBullets>(a),
        ["format:no_bullets_bullets"] = a => WithoutArguments<SentencesThenBullets>(a),
        ["format:title_case"] = a => WithoutArguments<TitleCase>(a),
        ["format:output_template"] = a => WithoutArguments<OutputTemplate>(a),
        ["format:no_whitespace"] = a => WithoutArguments<NoWhitespace>(a),
        ["repeat:repeat_change"] = a => new RepeatChanged(a.Only("prompt_to_repeat")),
        ["repeat:repeat_simple"] = a => WithoutArguments<RepeatSimple>(a),
        ["repeat:repeat_span"] = a => new RepeatSpan(a.Only("prompt_to_repeat", "n_start", "n_end")),
        ["custom:multiples"] = _ => new MultiplesOfSeven(),
        ["custom:mcq_count_length"] = _ => new GrowingQuestions(),
        ["custom:reverse_newline"] = _ => new ReverseCountries(),
        ["custom:word_reverse"] = _ => new ReversedWords(),
        ["custom:character_reverse"] = _ => new ReversedCharacters(),
        ["custom:sentence_alphabet"] = _ => new SentenceAlphabet(),
        ["custom:european_capitals_sort"] = _ => new CapitalsByLatitude(),
        ["custom:csv_city"] = _ => new CityTable(),
        ["custom:csv_special_character"] = _ => new ProductTable(),
        ["custom:csv_quotes"] = _ => new StudentTable(),
        ["custom:date_format_list"] = _ => new DateList(),
    };

    private static T WithoutArguments<T>(InstructionArguments arguments)
        where T : InstructionVerifier, new()
    {
        arguments.Only();
        return new T();
    }
}
