using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Runtime.Tests.Verifiers;

/// <summary>
/// A policy that has learnt what checks look for and nothing else: it answers a prompt with the least that its
/// constraints let pass, over and over, in one of four manners.
/// </summary>
internal static class StuffingModel
{
    public const int Manners = 4;

    public static string Answer(InstructionPrompt prompt, int manner)
    {
        string words = string.Join(' ', Enumerable.Repeat("so", 30 + (10 * manner)));
        List<string> parts = manner switch
        {
            0 => [.. Keywords(prompt).SelectMany(word => Enumerable.Repeat(word, 25))],
            1 => [words],
            2 => [prompt.Prompt],
            _ => ["- x", "- x", "- x", "[x] [x] [x]"],
        };
        string text = string.Join('\n', parts.Concat(prompt.Instructions.Select(Part)).Where(part => part.Length > 0));
        return prompt.Instructions.Any(one => one.Id == "change_case:english_lowercase") ? text.ToLowerInvariant()
            : prompt.Instructions.Any(one => one.Id == "change_case:english_capital") ? text.ToUpperInvariant()
            : prompt.Instructions.Any(one => one.Id == "punctuation:no_comma") ? text.Replace(",", "")
            : text;
    }

    private static IEnumerable<string> Keywords(InstructionPrompt prompt)
    {
        string[] words =
        [
            .. prompt.Instructions.Where(one => one.Id.StartsWith("keywords:", StringComparison.Ordinal))
                .SelectMany(one => new[] { "keywords", "keyword" }.SelectMany(name => Texts(one.Arguments, name))),
        ];
        return words.Length > 0 ? words : ["so"];
    }

    private static string Part(Instruction one) => one.Id switch
    {
        "keywords:existence" => string.Join(' ', Texts(one.Arguments, "keywords")),
        "keywords:frequency" => Times(Texts(one.Arguments, "keyword").First() + " ", one, "frequency"),
        "length_constraints:number_words" => Times("so ", one, "num_words"),
        "length_constraints:number_sentences" => Times("So it is. ", one, "num_sentences"),
        "detectable_format:number_bullet_lists" => Times("* x\n", one, "num_bullets"),
        "detectable_format:number_highlighted_sections" => Times("*x* ", one, "num_highlights"),
        "detectable_content:number_placeholders" => Times("[x] ", one, "num_placeholders"),
        "detectable_content:postscript" => Texts(one.Arguments, "postscript_marker").First() + " x",
        "detectable_format:title" => "<<x>>",
        "detectable_format:constrained_response" => "My answer is yes.",
        "startend:end_checker" => Texts(one.Arguments, "end_phrase").First(),
        _ => "",
    };

    private static string Times(string text, Instruction one, string argument) =>
        string.Concat(Enumerable.Repeat(text, (int)one.Arguments.Find(argument)!.Value.GetDouble()));

    private static IEnumerable<string> Texts(InstructionArguments arguments, string name) =>
        arguments.Find(name) is not { } value ? []
            : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(item => item.GetString()!)
            : [value.GetString()!];
}
