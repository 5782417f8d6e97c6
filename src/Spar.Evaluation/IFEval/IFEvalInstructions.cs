using Spar.Evaluation.IFEval.Verifiers;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.IFEval;

/// <summary>The 25 instructions of IFEval (Zhou et al., 2023, arXiv 2311.07911), family by family.</summary>
internal static class IFEvalInstructions
{
    /// <summary>How the verifier of each is made from its arguments, by id.</summary>
    public static Dictionary<string, Func<InstructionArguments, InstructionVerifier>> Makers { get; } = new()
    {
        ["keywords:existence"] = a => new KeywordExistence(a),
        ["keywords:frequency"] = a => new KeywordFrequency(a),
        ["keywords:forbidden_words"] = a => new ForbiddenWords(a),
        ["keywords:letter_frequency"] = a => new LetterFrequency(a),
        ["language:response_language"] = a => new ResponseLanguage(a),
        ["length_constraints:number_sentences"] = a => new NumberOfSentences(a),
        ["length_constraints:number_paragraphs"] = a => new NumberOfParagraphs(a.Count("num_paragraphs")),
        ["length_constraints:number_words"] = a => new NumberOfWords(a),
        ["length_constraints:nth_paragraph_first_word"] = a => new NthParagraphFirstWord(a),
        ["detectable_content:number_placeholders"] = a => new NumberOfPlaceholders(a),
        ["detectable_content:postscript"] = a => new Postscript(a),
        ["detectable_format:number_bullet_lists"] = a => new NumberOfBullets(a),
        ["detectable_format:constrained_response"] = _ => new ConstrainedResponse(),
        ["detectable_format:number_highlighted_sections"] = a => new NumberOfHighlights(a),
        ["detectable_format:multiple_sections"] = a => new MultipleSections(a),
        ["detectable_format:json_format"] = _ => new JsonFormat(),
        ["detectable_format:title"] = _ => new Title(),
        ["combination:two_responses"] = _ => new TwoResponses(),
        ["combination:repeat_prompt"] = a => new RepeatPrompt(a),
        ["startend:end_checker"] = a => new EndPhrase(a),
        ["startend:quotation"] = _ => new Quotation(),
        ["change_case:capital_word_frequency"] = a => new CapitalWordFrequency(a),
        ["change_case:english_capital"] = _ => new EnglishCapital(),
        ["change_case:english_lowercase"] = _ => new EnglishLowercase(),
        ["punctuation:no_comma"] = _ => new NoComma(),
    };
}
