using System.Text;
using Spar.Engine.Files;

namespace Spar.Engine.Tokenization;

/// <summary>
/// The <c>normalizer</c> of a tokenizer.json: what happens to a stretch of text between added tokens before it is
/// split.
/// </summary>
internal sealed class Normalizer
{
    private readonly List<Step> _steps = [];

    private delegate string Step(string text, ref int[]? origin);

    /// <summary>Reads the section; an absent one changes nothing.</summary>
    /// <exception cref="EngineException">A kind of normalizer that is not supported.</exception>
    public static Normalizer Read(JsonFile json)
    {
        Normalizer result = new();
        result.Add(json);
        return result;
    }

    /// <summary>Normalises text; <paramref name="origin"/>, unless null, is kept in step with it.</summary>
    public string Apply(string text, ref int[]? origin)
    {
        foreach (Step step in _steps)
        {
            text = step(text, ref origin);
        }

        return text;
    }

    private void Add(JsonFile json)
    {
        if (json.IsNull)
        {
            return;
        }

        switch (json["type"].Text())
        {
            case "Sequence":
                foreach (JsonFile item in json["normalizers"].Items())
                {
                    Add(item);
                }

                break;
            case "NFC":
                _steps.Add(UnicodeNormalization.ToFormC);
                break;
            case "Prepend":
                string prefix = json["prepend"].Text();
                _steps.Add((string text, ref int[]? origin) => Prepend(prefix, text, ref origin));
                break;
            case "Replace":
                string pattern = json["pattern"]["String"].Text();
                string content = json["content"].Text();
                if (pattern.Length == 0)
                {
                    throw json["pattern"].Fault("must not be empty");
                }

                _steps.Add((string text, ref int[]? origin) => Replace(pattern, content, text, ref origin));
                break;
            default:
                throw json["type"].Fault(
                    "must be Sequence, NFC, Prepend or Replace (other normalizers are not supported)");
        }
    }

    private static string Prepend(string prefix, string text, ref int[]? origin)
    {
        if (text.Length == 0)
        {
            return text;
        }

        if (origin is not null)
        {
            origin = [.. Enumerable.Repeat(origin[0], prefix.Length), .. origin];
        }

        return prefix + text;
    }

    private static string Replace(string pattern, string content, string text, ref int[]? origin)
    {
        if (origin is null || pattern.Length == content.Length)
        {
            return text.Replace(pattern, content, StringComparison.Ordinal);
        }

        StringBuilder result = new(text.Length);
        List<int> moved = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            bool found = text.AsSpan(i).StartsWith(pattern, StringComparison.Ordinal);
            result.Append(found ? content : text[i].ToString());
            moved.AddRange(Enumerable.Repeat(origin[i], found ? content.Length : 1));
            i += found ? pattern.Length : 1;
        }

        origin = [.. moved];
        return result.ToString();
    }
}
