using Spar.Evaluation.IFEval.Verifiers;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.IFTrain;

/// <summary>
/// The 29 instructions of IFTrain (Pyatkin et al., 2025, arXiv 2507.02833) besides those of IFEval, family by family.
/// </summary>
internal static class IFTrainInstructions
{
    /// <summary>How the verifier of each is made from its arguments, by id.</summary>
    public static Dictionary<string, Func<InstructionArguments, InstructionVerifier>> Makers { get; } = new()
    {
        ["copy:repeat_phrase"] = a => new RepeatPhrase(a.Only("phrase", "small_n")),
        ["copy:copy"] = a => new CopyRequest(a.Only("prompt_to_repeat")),
        ["copy:copying_simple"] = a => new CopyRequest(a.Only("prompt_to_repeat")),
        ["copy:copying_multiple"] = a => new CopyRequestTimes(a.Only("prompt_to_repeat", "N")),
        ["new:copy_span_idx"] = a => new CopySpan(a.Only("prompt_to_repeat", "n_start", "n_end")),
        ["detectable_format:sentence_hyphens"] = a => Bare(a, new SentenceHyphens()),
        ["detectable_format:square_brackets"] = a => Bare(a, new SquareBrackets()),
        ["detectable_format:bigram_wrapping"] = a => Bare(a, new BigramWrapping()),
        ["keywords:no_adjacent_consecutive"] = a => Bare(a, new NoAdjacentConsecutive()),
        ["keywords:word_once"] = a => new KeywordOnce(a.Only("keyword")),
        ["keywords:word_count_different_numbers"] =
            a => new KeywordFrequency(a.Only("keyword", "frequency", "relation"), zeroAllowed: true),
        ["keywords:exclude_word_harder"] = a => new ExcludedWord(a.Only("keyword")),
        ["keywords:palindrome"] = a => Bare(a, new PalindromeWord()),
        ["keywords:keyword_specific_position"] = a => new KeywordAtPosition(a.Only("keyword", "n", "m")),
        ["keywords:start_end"] = a => Bare(a, new SameStartAndEnd()),
        ["paragraphs:paragraphs"] = a => Bare(a, new NumberOfParagraphs(2)),
        ["paragraphs:paragraphs2"] = a => Bare(a, new TwoParagraphs()),
        ["first_word:first_word_sent"] = a => new FirstWordOfSentences(a.Only("first_word")),
        ["first_word:first_word_answer"] = a => new FirstWordOfAnswer(a.Only("first_word")),
        ["last_word:last_word_sent"] = a => new LastWordOfSentences(a.Only("last_word")),
        ["last_word:last_word_answer"] = a => new LastWordOfAnswer(a.Only("last_word")),
        ["punctuation:punctuation_dot"] = a => Bare(a, new MarkExcluded('.', "full stop")),
        ["punctuation:punctuation_exclamation"] = a => Bare(a, new MarkExcluded('!', "exclamation mark")),
        ["count:lowercase_counting"] = a => new LowercaseWords(a.Only("N")),
        ["count:counting_composition"] = a => new CountingComposition(a.Only("n_sent", "n_words")),
        ["count:count_unique"] = a => Bare(a, new UniqueTokens()),
        ["count:count_increment_word"] = a => new IncrementedKeywords(a.Only("keyword1", "keyword2")),
        ["letters:letter_counting"] = a => new LetterCounting(a.Only("N", "relation")),
        ["letters:letter_counting2"] =
            a => new LetterFrequency(a.Only("letter", "let_frequency", "let_relation"), zeroAllowed: true),
    };

    private static InstructionVerifier Bare(InstructionArguments arguments, InstructionVerifier verifier)
    {
        arguments.Only();
        return verifier;
    }
}
