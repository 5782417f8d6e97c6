using Spar.Evaluation.IFEval.Verifiers;

namespace Spar.Evaluation.IFEval;

/// <summary>The 25 instructions of IFEval (Zhou et al., 2023, arXiv 2311.07911) by id; an id is <c>family:name</c>.</summary>
public static class InstructionRegistry
{
    private static readonly Dictionary<string, Func<InstructionArguments, InstructionVerifier>> Makers = new()
    {
        ["keywords:existence"] = a => new KeywordExistence(a),
        ["keywords:frequency"] = a => new KeywordFrequency(a),
        ["keywords:forbidden_words"] = a => new ForbiddenWords(a),
        ["keywords:letter_frequency"] = a => new LetterFrequency(a),
        ["language:response_language"] = a => new ResponseLanguage(a),
        ["length_constraints:number_sentences"] = a => new NumberOfSentences(a),
        ["length_constraints:number_paragraphs"] = a => new NumberOfParagraphs(a),
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

    /// <summary>All ids, family by family.</summary>
    public static IReadOnlyCollection<string> Ids => Makers.Keys;

    /// <summary>The nine families in the order of <see cref="Ids"/>.</summary>
    public static IReadOnlyList<string> Families { get; } = Makers.Keys.Select(FamilyOf).Distinct().ToList();

    /// <summary>The family of an instruction: the part of its id before the colon.</summary>
    /// <param name="id">An instruction id.</param>
    public static string FamilyOf(string id) => id.Split(':')[0];

    /// <summary>Whether an instruction id is known.</summary>
    /// <param name="id">An instruction id, without any prefix before the family.</param>
    public static bool Contains(string id) => Makers.ContainsKey(id);

    /// <summary>Makes the verifier of an instruction.</summary>
    /// <param name="id">An instruction id.</param>
    /// <param name="arguments">Its arguments; those that the instruction does not use are ignored.</param>
    /// <exception cref="EvaluationException">The id is unknown, an argument is missing or out of range, or a keyword is no regular expression.</exception>
    public static InstructionVerifier Create(string id, InstructionArguments arguments)
    {
        if (!Makers.TryGetValue(id, out Func<InstructionArguments, InstructionVerifier>? make))
        {
            throw new EvaluationException($"unknown instruction id '{id}'; the known ones of its kind are {string.Join(", ", Similar(id))}");
        }

        try
        {
            return make(arguments);
        }
        catch (EvaluationException fault)
        {
            throw new EvaluationException($"{id}: {fault.Message}", fault);
        }
    }

    /// <summary>The ids of the same family, or all of them when the family is unknown.</summary>
    private static IEnumerable<string> Similar(string id) =>
        Families.Contains(FamilyOf(id)) ? Ids.Where(known => FamilyOf(known) == FamilyOf(id)) : Ids;
}
