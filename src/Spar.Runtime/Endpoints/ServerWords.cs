using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// What a server says that went wrong, in its own words and on one line: out of error objects of OpenAI, vLLM, SGLang,
/// llama.cpp, Ollama, FastAPI and gateways, out of pages of HTML and out of plain text.
/// </summary>
internal static partial class ServerWords
{
    private const int MostCharacters = 400;

    /// <summary>The words of a body.</summary>
    /// <param name="body">The body of the reply.</param>
    public static string Of(string body)
    {
        string text = ReplyJson.Parse(body) is { } json ? OfJson(json) ?? body : OfPage(body);
        text = OneLine(text);
        return text.Length == 0 ? "nothing, the body is empty" : text;
    }

    /// <summary>
    /// The words of an error in a reply that says that all went well, and the status that it names; null when there is
    /// none.
    /// </summary>
    /// <param name="reply">The reply.</param>
    public static (string Words, int? Status)? Error(JsonElement reply)
    {
        bool answers = reply.Get("choices").Items().Any();
        JsonElement? error = reply.Get("error")
            ?? (answers ? null : reply.Get("errors") ?? reply.Get("detail") ?? reply.Get("fault"));
        bool says = error is { } found && (found.ValueKind is JsonValueKind.Object or JsonValueKind.String
            or JsonValueKind.Array || found.ValueKind == JsonValueKind.True);
        if (!says && reply.Get("object").Text() != "error"
            && (answers || !reply.Get("type").Text().IsError() || reply.Get("message") is null))
        {
            return null;
        }

        JsonElement place = error is { ValueKind: JsonValueKind.Object } inner ? inner : reply;
        string words = OneLine(OfJson(reply) ?? reply.GetRawText());
        double? status = new[] { "code", "status", "status_code", "http_status" }
            .Select(name => place.Get(name).Number() ?? reply.Get(name).Number()).FirstOrDefault(
                code => code is >= 400 and < 600);
        return (words, (int?)status);
    }

    /// <summary>A text without line breaks and control characters, and not too long for a message.</summary>
    /// <param name="text">Any text.</param>
    public static string OneLine(string text)
    {
        StringBuilder line = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool blank = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune)
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            if (!blank)
            {
                line.Append(rune.ToString());
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }

            if (line.Length >= MostCharacters)
            {
                return line.ToString().TrimEnd() + " ...";
            }
        }

        return line.ToString().TrimEnd();
    }

    private static bool IsError(this string? type) =>
        type?.Contains("error", StringComparison.OrdinalIgnoreCase) == true;

    // The deepest text that is a message; null where there is none.
    private static string? OfJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => Text(json),
        JsonValueKind.Array => Join(json.EnumerateArray().Select(OfItem)),
        JsonValueKind.Object => OfObject(json),
        _ => null,
    };

    private static string? OfObject(JsonElement json)
    {
        string? words = null;
        foreach (string name in (string[])["error", "message", "msg", "detail", "errors", "error_description", "fault",
            "faultstring", "title", "reason", "description"])
        {
            if (json.Get(name) is { } value && OfJson(value) is { Length: > 0 } found)
            {
                words = found;
                break;
            }
        }

        // What a gateway passes on of the server behind it.
        string? raw = json.Get("metadata") is { } metadata ? OfJson(metadata.Get("raw") ?? default) : null;
        words = Join([words, raw is null ? null : Of(raw)]);
        return words ?? json.Get("code").Text() ?? json.Get("type").Text();
    }

    // FastAPI's and pydantic's list of faults: where, and what.
    private static string? OfItem(JsonElement item)
    {
        string? what = OfJson(item);
        string where = string.Join('.', item.Get("loc").Items().Select(part => part.ToString()));
        return what is not null && where.Length > 0 ? $"{where}: {what}" : what;
    }

    private static string? Text(JsonElement json)
    {
        string text = ((JsonElement?)json).Text()!;
        return text.TrimStart() is ['{' or '[', ..] && ReplyJson.Parse(text) is { } inner ? OfJson(inner) ?? text : text;
    }

    private static string? Join(IEnumerable<string?> parts)
    {
        string[] said = [.. parts.OfType<string>().Where(part => part.Length > 0).Distinct()];
        return said.Length == 0 ? null : string.Join("; ", said);
    }

    private static string OfPage(string body)
    {
        if (!Markup().IsMatch(body))
        {
            return body;
        }

        string text = Unseen().Replace(body, " ");
        string title = Title().Match(text) is { Success: true } match ? match.Groups[1].Value : "";
        text = Tags().Replace(title.Trim().Length > 0 ? title : text, " ");
        return $"a page of HTML: {WebUtility.HtmlDecode(text).Trim()}";
    }

    [GeneratedRegex(@"<(?:!doctype|html|head|body|title|h1|p|center|div)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Markup();

    [GeneratedRegex(@"<(script|style)\b.*?(?:</\1\s*>|\z)|<!--.*?(?:-->|\z)", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Unseen();

    [GeneratedRegex(@"<title[^>]*>(.*?)</title", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Title();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();
}
