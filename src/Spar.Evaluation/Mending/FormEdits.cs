using System.Text.RegularExpressions;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Mending;

/// <summary>Edits of the form: lists, headings, marks.</summary>
internal static partial class FormEdits
{
    private static readonly string[] s_placeholders = ["[name]", "[date]", "[address]", "[phone number]", "[city]"];
    private static readonly string[] s_postscripts =
    [
        "Thank you for reading.", "I hope this helps.", "Tell me how it went.", "Have a good day.",
        "There is more where this came from.", "Take care.",
    ];

    /// <summary>One of the three decisions.</summary>
    public static string Decide(Draft draft) =>
        draft.Random.Pick(["My answer is yes.", "My answer is no.", "My answer is maybe."]);

    /// <summary>A list of so many bullets, made of the list's items or of sentences; what comes before a list stays.</summary>
    public static string? Bullets(Draft draft, InstructionArguments arguments)
    {
        int wanted = arguments.Count("num_bullets");
        string[] lines = draft.Text.Split('\n');
        string[] items = [.. lines.Where(line => Item().IsMatch(line)).Select(Passages.Bare).Where(one => one.Length > 0)];
        if (items.Length >= wanted)
        {
            string before = string.Join('\n', lines.TakeWhile(line => !Item().IsMatch(line))
                .Select(line => StartMark().Replace(line, ""))).Trim();
            return $"{before}\n\n{List(items.Take(wanted))}".Trim();
        }

        List<string> statements = Passages.Statements(draft.Text);
        return statements.Count > wanted
            ? $"{statements[0]}\n\n{List(statements.Skip(1).Take(wanted))}"
            : statements.Count == wanted ? List(statements) : null;
    }

    /// <summary>Numbered sections with headings.</summary>
    public static string? Sections(Draft draft, InstructionArguments arguments) =>
        Passages.Pieces(draft.Text, arguments.Count("num_sections")) is { } pieces
            ? string.Join("\n\n", pieces.Select((piece, i) =>
                FormattableString.Invariant($"{arguments.Text("section_spliter")} {i + 1}\n{piece}")))
            : null;

    /// <summary>Asterisks around the first words of so many sentences, and around longer words where they are too few.</summary>
    public static string? Highlights(Draft draft, InstructionArguments arguments)
    {
        int missing = arguments.Count("num_highlights");
        string bare = draft.Text.Replace("*", "");
        string marked = Beginning().Replace(
            bare, match => missing-- > 0 ? $"{match.Groups[1].Value}*{match.Groups[2].Value}*" : match.Value);
        marked = LongWord().Replace(marked, match => missing-- > 0 ? $"*{match.Value}*" : match.Value);
        return missing > 0 ? null : marked;
    }

    /// <summary>A line of blanks to be filled in.</summary>
    public static string? Placeholders(Draft draft, InstructionArguments arguments)
    {
        int missing = arguments.Count("num_placeholders") - Bracketed().Count(draft.Text);
        List<string> some = draft.Random.Shuffled(s_placeholders);
        return missing > some.Count ? null : $"{draft.Text}\n\n{string.Join(", ", some.Take(missing))}";
    }

    /// <summary>A title of the request's last words, or of the heading that is there already.</summary>
    public static string Title(Draft draft)
    {
        string[] lines = draft.Text.Split('\n', 2);
        Match heading = Heading().Match(lines[0]);
        if (heading.Success)
        {
            return $"<<{heading.Groups["title"].Value.Trim(' ', '*', '"', '#')}>>\n{(lines.Length > 1 ? lines[1] : "")}";
        }

        string[] words = [.. draft.Request.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).TakeLast(4)];
        string title = string.Join(' ', words).Trim('.', ',', ':', ';', '?', '!', '"', '\'', '<', '>');
        return $"<<{char.ToUpperInvariant(title[0])}{title[1..]}>>\n\n{draft.Text}";
    }

    /// <summary>A postscript.</summary>
    public static string Postscript(Draft draft, InstructionArguments arguments) =>
        $"{draft.Text}\n\n{arguments.Text("postscript_marker")} {draft.Random.Pick(s_postscripts)}";

    private static string List(IEnumerable<string> items) => string.Join('\n', items.Select(item => $"* {item}"));

    [GeneratedRegex(@"^\s*([-*•]|\d+[.)])\s*\S")]
    private static partial Regex Item();

    [GeneratedRegex(@"^\s*[-*]+\s*")]
    private static partial Regex StartMark();

    [GeneratedRegex(@"(?m)^([-•]?\s*(?:\d+[.)]\s*)?|[^\n]*?[.!?] )([A-Za-z][\w'’]*(?: [\w'’]+){0,2})")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"(?<![\w*])[a-z]{6,}(?![\w*])(?=[^*\n]*(?:\*[^*\n]*\*[^*\n]*)*$)", RegexOptions.Multiline)]
    private static partial Regex LongWord();

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"^\s*(#+\s*|\*\*|Title:\s*|"")(?<title>[^\n]{3,80}?)(\*\*|"")?\s*$")]
    private static partial Regex Heading();
}
