using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Mending;

/// <summary>The edit of each instruction.</summary>
internal static class Edits
{
    /// <summary>What mends a response that does not follow an instruction.</summary>
    /// <param name="Order">Edits are made in this order: words first, then form, then what concerns every letter.</param>
    /// <param name="Apply">Edits a draft; null where it cannot be done.</param>
    public sealed record Edit(int Order, Func<Draft, InstructionArguments, string?> Apply);

    /// <summary>The edits by the instruction's id.</summary>
    public static IReadOnlyDictionary<string, Edit> ById { get; } = new Dictionary<string, Edit>
    {
        ["keywords:forbidden_words"] = new(0, WordEdits.LeaveOut),
        ["length_constraints:number_words"] = new(1, LengthEdits.Words),
        ["length_constraints:number_sentences"] = new(2, LengthEdits.Sentences),
        ["keywords:existence"] = new(3, WordEdits.Mention),
        ["keywords:frequency"] = new(4, WordEdits.MentionOften),
        ["keywords:letter_frequency"] = new(5, WordEdits.Letters),
        ["detectable_format:constrained_response"] = new(6, (draft, _) => FormEdits.Decide(draft)),
        ["detectable_format:number_bullet_lists"] = new(7, FormEdits.Bullets),
        ["length_constraints:nth_paragraph_first_word"] = new(8, LengthEdits.ParagraphWord),
        ["length_constraints:number_paragraphs"] = new(9, LengthEdits.Paragraphs),
        ["detectable_format:multiple_sections"] = new(10, FormEdits.Sections),
        ["combination:two_responses"] = new(11, (draft, _) => LengthEdits.TwoResponses(draft)),
        ["detectable_format:number_highlighted_sections"] = new(12, FormEdits.Highlights),
        ["detectable_content:number_placeholders"] = new(13, FormEdits.Placeholders),
        ["detectable_format:title"] = new(14, (draft, _) => FormEdits.Title(draft)),
        ["detectable_format:json_format"] = new(15, (draft, _) => JsonText.Of(draft.Text)),
        ["detectable_content:postscript"] = new(16, FormEdits.Postscript),
        ["combination:repeat_prompt"] = new(17, Repeat),
        ["startend:end_checker"] = new(18, (draft, arguments) => $"{draft.Text}\n\n{arguments.Text("end_phrase")}"),
        ["punctuation:no_comma"] = new(19, (draft, _) => LetterEdits.WithoutCommas(draft)),
        ["change_case:capital_word_frequency"] = new(20, LetterEdits.Capitals),
        ["change_case:english_capital"] = new(21, (draft, _) => draft.Text.ToUpperInvariant()),
        ["change_case:english_lowercase"] = new(21, (draft, _) => draft.Text.ToLowerInvariant()),
        ["startend:quotation"] = new(22, (draft, _) => $"\"{draft.Text.Trim('"').Replace('"', '\'')}\""),
    };

    private static string? Repeat(Draft draft, InstructionArguments arguments)
    {
        string prompt = arguments.Text("prompt_to_repeat");
        return $"{prompt}\n\n{draft.Text.Replace(prompt, "", StringComparison.OrdinalIgnoreCase).Trim()}";
    }
}
