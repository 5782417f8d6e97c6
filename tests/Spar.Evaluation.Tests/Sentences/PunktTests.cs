using System.Text.Json;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Sentences;

public class PunktTests
{
    private static IEnumerable<JsonElement> Golden(string name) =>
        File.ReadLines(SharedData.Path("data", "ifeval", "punkt", name))
            .Select(line => JsonDocument.Parse(line).RootElement);

    [Fact]
    public void Sentences_and_their_places_equal_the_reference()
    {
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement golden in Golden("golden.jsonl"))
        {
            string text = golden.GetProperty("text").GetString()!;
            string expected = golden
                .GetProperty("spans_codepoints")
                .ToString()
                .Replace(" ", "", StringComparison.Ordinal);
            int Points(int index) => PythonText.CodePoints(text[..index]).Length;
            string found =
                "["
                + string.Join(
                    ",",
                    PunktSentenceSplitter.SplitSpans(text).Select(s => $"[{Points(s.Start)},{Points(s.End)}]")
                )
                + "]";
            if (found != expected)
            {
                wrong.Add($"{golden.GetProperty("id")}: expected {expected}, found {found}");
            }

            count++;
        }

        Assert.Empty(wrong);
        Assert.Equal(438, count);
    }

    [Fact]
    public void Words_equal_the_reference()
    {
        List<string> wrong = [];
        foreach (JsonElement golden in Golden("golden.jsonl"))
        {
            List<string> tokens = WordTokenizer.Tokens(golden.GetProperty("text").GetString()!);
            string[] upper = golden.GetProperty("upper_tokens").Deserialize<string[]>()!;
            if (
                tokens.Count != golden.GetProperty("word_tokens").GetInt32()
                || !tokens.Where(PythonText.IsUpper).SequenceEqual(upper)
            )
            {
                wrong.Add($"{golden.GetProperty("id")}: {string.Join('|', tokens)}");
            }
        }

        foreach (JsonElement golden in Golden("word_tokens.jsonl"))
        {
            List<string> tokens = WordTokenizer.Tokens(golden.GetProperty("text").GetString()!);
            if (
                !tokens.SequenceEqual(golden.GetProperty("tokens").Deserialize<string[]>()!)
                || !tokens.Where(PythonText.IsUpper).SequenceEqual(golden.GetProperty("upper").Deserialize<string[]>()!)
            )
            {
                wrong.Add($"{golden.GetProperty("text")}: {string.Join('|', tokens)}");
            }
        }

        Assert.Empty(wrong);
    }
}
