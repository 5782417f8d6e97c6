using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>Parts of an example, and its text as a whole.</summary>
internal sealed partial class ExampleWriter
{
    /// <summary>A part as words with the gaps before them, and the one after the last.</summary>
    private Field[] Part(string template)
    {
        List<Field> fields = [];
        foreach (Match match in Piece().Matches(template))
        {
            string word = Slot().Replace(match.Groups[2].Value, _ => Filler());
            fields.Add(new Field(word, match.Groups[1].Length > 0 ? match.Groups[1].Value : " "));
        }

        fields[^1] = fields[^1] with { After = template.EndsWith('\n') ? "\n" : " " };
        return [.. fields];
    }

    private string Finish()
    {
        StringBuilder text = new();
        for (int i = 0; i < _fields.Count; i++)
        {
            string word = _fields[i].Text;
            word = _plan.Case == TextCase.Title && _fields[i].MayChange ? WithCapital(word) : word;
            word = _plan.Form switch
            {
                WordForm.Brackets => $"[{word}]",
                WordForm.Pairs => i % 2 == 0 ? "<<" + word : word + ">>",
                _ => word,
            };
            string gap = _plan.Form switch
            {
                WordForm.Lines => "\n",
                WordForm.Joined => "",
                _ => _fields[i].Gap,
            };
            text.Append(i == 0 ? "" : gap).Append(word);
        }

        string written = _plan.Case switch
        {
            TextCase.Upper => text.ToString().ToUpperInvariant(),
            TextCase.Lower => text.ToString().ToLowerInvariant(),
            _ => text.ToString(),
        };
        written = _plan.Quoted ? $"\"{written}\"" : written;
        string name = _plan.Case switch { TextCase.Upper => "TEXT", TextCase.Title => "Text", _ => "text" };
        return _plan.Json
            ? JsonSerializer.Serialize(new Dictionary<string, string> { [name] = written }, JsonSettings.Compact)
            : written;
    }

    [GeneratedRegex(@"(\s*)(\S+)")]
    private static partial Regex Piece();

    [GeneratedRegex("~")]
    private static partial Regex Slot();

    /// <summary>One word as it stands between white space.</summary>
    /// <param name="Text">The word with its marks.</param>
    /// <param name="Gap">What stands before it.</param>
    /// <param name="MayChange">Whether its first letter may become a capital.</param>
    private sealed record Field(string Text, string Gap, bool MayChange = false)
    {
        /// <summary>What a word that follows needs before it.</summary>
        public string After { get; init; } = " ";
    }
}
