using System.Net;
using System.Text.RegularExpressions;

namespace Spar.Web.Tests;

/// <summary>Reads rendered HTML as a test needs it.</summary>
internal static partial class Html
{
    private static readonly HashSet<string> s_void = ["meta", "br", "hr", "img", "input", "link"];

    /// <summary>
    /// What a reader sees: text without tags, decoded, white space (no-break spaces too) folded into single spaces.
    /// </summary>
    public static string Text(string html)
    {
        string body = html[html.IndexOf("<body", StringComparison.Ordinal)..];
        return Space().Replace(WebUtility.HtmlDecode(Tag().Replace(body, " ")), " ");
    }

    /// <summary>The text of the section with an id.</summary>
    public static string Section(string html, string id)
    {
        int start = html.IndexOf($"<section id=\"{id}\"", StringComparison.Ordinal);
        Assert.True(start >= 0, $"no section {id}");
        return Text("<body>" + html[start..html.IndexOf("</section>", start, StringComparison.Ordinal)]);
    }

    /// <summary>Fails where a tag is not closed, or closed in the wrong order.</summary>
    public static void AssertBalanced(string html)
    {
        Stack<string> open = [];
        foreach (Match match in Tag().Matches(Style().Replace(html, "")))
        {
            string name = match.Groups["name"].Value;
            if (match.Value.StartsWith("</", StringComparison.Ordinal))
            {
                Assert.True(open.Count > 0
                    && open.Peek() == name, $"</{name}> closes <{(open.Count > 0 ? open.Peek() : "nothing")}>");
                open.Pop();
            }
            else if (name.Length > 0 && !match.Value.EndsWith("/>", StringComparison.Ordinal) && !s_void.Contains(name))
            {
                open.Push(name);
            }
        }
        Assert.Empty(open);
    }

    [GeneratedRegex("""</?(?<name>[a-zA-Z][\w-]*)(?:"[^"]*"|[^">])*>|<![^>]*>""")]
    private static partial Regex Tag();

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex(@"[\s\u00a0]+")]
    private static partial Regex Space();
}
