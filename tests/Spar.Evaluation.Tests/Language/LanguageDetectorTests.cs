using System.Text.Json;
using Spar.Evaluation.Language;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Language;

public class LanguageDetectorTests
{
    /// <summary>
    /// All texts are compared, also those whose winner depends on the seed: the generator is the reference's.
    /// </summary>
    [Fact]
    public void Languages_and_probabilities_equal_the_reference()
    {
        List<string> wrong = [];
        int count = 0;
        foreach (string line in File.ReadLines(SharedData.Path("data", "ifeval", "langdetect", "golden.jsonl")))
        {
            using JsonDocument golden = JsonDocument.Parse(line);
            JsonElement root = golden.RootElement;
            string text = root.GetProperty("text").GetString()!;
            string? language = LanguageDetector.Detect(text);
            IReadOnlyList<LanguageProbability>? all = LanguageDetector.DetectAll(text);
            bool equal = language == root.GetProperty("lang").GetString();
            if (language is not null)
            {
                JsonElement[] expected = root.GetProperty("all").EnumerateArray().ToArray();
                equal &=
                    expected.Length == all!.Count
                    && expected
                        .Zip(all)
                        .All(p =>
                            p.First[0].GetString() == p.Second.Code
                            && Math.Abs(p.First[1].GetDouble() - p.Second.Probability) < 1e-4
                        );
            }

            if (!equal)
            {
                wrong.Add($"{root.GetProperty("id")}: expected {root.GetProperty("lang")}, found {language}");
            }

            count++;
        }

        Assert.Empty(wrong);
        Assert.Equal(321, count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345 !!! 😀")]
    [InlineData("https://example.com/path?q=1 me@example.com")]
    public void Text_without_features_has_no_language(string text) => Assert.Null(LanguageDetector.Detect(text));

    [Fact]
    public void Decomposed_Vietnamese_letters_are_composed() =>
        Assert.Equal(
            LanguageDetector.DetectAll("tr\u1EDDi \u0111\u1EB9p r\u1EA5t vui"),
            LanguageDetector.DetectAll("tr\u01A1\u0300i \u0111e\u0323p r\u00E2\u0301t vui")
        );

    [Fact]
    public void Only_the_first_ten_thousand_characters_count()
    {
        string german = string.Concat(Enumerable.Repeat("Das Wetter ist heute schön. ", 400));
        string french = string.Concat(Enumerable.Repeat("Le temps est magnifique aujourd'hui. ", 4000));
        Assert.Equal(LanguageDetector.DetectAll(german[..10000]), LanguageDetector.DetectAll(german[..10000] + french));
    }
}
