using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>The words of a language that examples are made of.</summary>
/// <param name="Words">Words whose mixture a detector takes for this language.</param>
internal sealed record LanguageWords(string[] Words);

/// <summary>The words that arguments and examples are drawn from; read once from a built-in file.</summary>
/// <param name="Fillers">Everyday English words.</param>
/// <param name="RareFillers">More of them, for letters that few words begin with.</param>
/// <param name="Keywords">English nouns; none is part of another or of a filler.</param>
/// <param name="FirstWords">Words to begin with.</param>
/// <param name="LastWords">Words to end with.</param>
/// <param name="EndPhrases">Phrases to end with.</param>
/// <param name="Phrases">Phrases of six words with distinct words.</param>
/// <param name="Palindromes">Palindromic words.</param>
/// <param name="SectionMarks">Words that headings begin with.</param>
/// <param name="LanguageNames">English names of languages, by ISO code.</param>
/// <param name="Languages">Languages other than English, by ISO code.</param>
internal sealed record Vocabulary(
    string[] Fillers,
    string[] RareFillers,
    string[] Keywords,
    string[] FirstWords,
    string[] LastWords,
    string[] EndPhrases,
    string[] Phrases,
    string[] Palindromes,
    string[] SectionMarks,
    Dictionary<string, string> LanguageNames,
    Dictionary<string, LanguageWords> Languages)
{
    private static readonly Lazy<Vocabulary> s_builtIn = new(() => SynthesisData.Read<Vocabulary>("vocabulary.json"));

    /// <summary>The built-in words.</summary>
    public static Vocabulary BuiltIn => s_builtIn.Value;
}

/// <summary>Reads the built-in files of this folder.</summary>
internal static class SynthesisData
{
    /// <summary>Reads one file.</summary>
    public static T Read<T>(string name)
    {
        using Stream stream = EmbeddedData.Open("Synthesis/" + name);
        return JsonSerializer.Deserialize<T>(stream, JsonSettings.SnakeCaseLines)!;
    }
}
