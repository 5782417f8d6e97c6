using System.Globalization;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Decoding;
using Spar.Ground;
using Spar.Search;
using Spar.Web.Text;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary>Shows people how a decoding strategy came to its response.</summary>
internal static class DecodingView
{
    /// <summary>Writes the tree or the candidates, and what they took.</summary>
    public static void Write(IAnsiConsole console, Decoded decoded, CallSession session)
    {
        if (decoded.Tree is SearchTree tree)
        {
            console.Write(ToTree(tree));
            console.WriteLine(
                $"search: {tree.Outcome.ToString().ToLowerInvariant()}, {tree.Nodes.Count} responses, {tree.Calls} "
                    + "model calls"
            );
        }
        else
        {
            foreach (Candidate candidate in decoded.Candidates)
            {
                string mark = candidate.Response == decoded.Response ? "[green]*[/]" : " ";
                console.MarkupLine(
                    $"{mark} {Value(candidate.Valuation?.Value)} {Markup.Escape(candidate.Response)}"
                        + (candidate.Incomplete is { } why ? $" [yellow]({Markup.Escape(why)})[/]" : "")
                );
            }
        }

        WriteUnread(console, "judgements", Judgements(decoded), decoded.Candidates.Sum(one => one.Valuation?.Calls ?? 0));
        WriteUnread(console, "refinements", decoded.Tree?.Unparsed ?? [], null);
        if (decoded.Candidates.Select(one => one.Valuation?.Unreadable).FirstOrDefault(text => text is not null) is { } example)
        {
            console.WriteLine($"one of the judgements that could not be read: \"{HarmlessText.Of(example)}\"");
        }

        console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{session.Calls} model calls, {session.OutputTokens} tokens")
        );
        console.WriteLine();
    }

    /// <summary>Why judgements and refinements on the way could not be read, one entry each.</summary>
    public static IReadOnlyList<string> Unread(Decoded decoded) =>
        [.. Judgements(decoded), .. decoded.Tree?.Unparsed ?? []];

    // A response that occurs twice in a tree has the votes of the first.
    private static IReadOnlyList<string> Judgements(Decoded decoded) =>
        [
            .. decoded
                .Candidates.DistinctBy(candidate => candidate.Response)
                .SelectMany(candidate => candidate.Valuation?.Unparsed ?? []),
        ];

    private static void WriteUnread(IAnsiConsole console, string what, IReadOnlyList<string> reasons, int? all)
    {
        if (reasons.Count > 0)
        {
            string of = all is { } number ? string.Create(CultureInfo.InvariantCulture, $" of {number}") : "";
            console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{reasons.Count}{of} {what} could not be read: {ManyAnswers.Reasons(reasons)}"
                )
            );
        }
    }

    private static Tree ToTree(SearchTree search)
    {
        SearchNode root = search.Nodes[0];
        Tree tree = new($"{Value(root.Valuation?.Value)} {Markup.Escape(root.Response)}");
        Dictionary<int, IHasTreeNodes> placed = new() { [root.Id] = tree };
        foreach (SearchNode node in search.Nodes.Skip(1))
        {
            string mark = node.Id == search.Found ? "[green]*[/] " : "";
            string changes = Changes(search.Node(node.Parent!.Value).Response, node.Response);
            placed[node.Id] = placed[node.Parent.Value].AddNode($"{mark}{Value(node.Valuation?.Value)} {changes}");
        }

        return tree;
    }

    private static string Value(double? value) =>
        value is double share ? string.Create(CultureInfo.InvariantCulture, $"[blue]{share:0.0}[/]") : "[grey] - [/]";

    // The refined response with what it added underlined, and behind it, struck out, what it dropped.
    private static string Changes(string before, string after)
    {
        WordDiff diff = WordDiff.Between(before, after);
        string text = string.Join(
            ' ',
            diff.After.Select(word =>
                word.Changed ? $"[green underline]{Markup.Escape(word.Text)}[/]" : Markup.Escape(word.Text)
            )
        );
        string dropped = string.Join(
            ' ',
            diff.Before.Where(word => word.Changed).Select(word => Markup.Escape(word.Text))
        );
        return dropped.Length == 0 ? text : $"{text} [red strikethrough]{dropped}[/]";
    }
}
