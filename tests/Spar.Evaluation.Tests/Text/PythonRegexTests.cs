using System.Text.Json;
using Spar.Evaluation.Text;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Text;

public class PythonRegexTests
{
    /// <summary>
    /// The vectors hold the spans that CPython 3.11 finds for patterns and texts made for this test; null where it
    /// refuses the pattern.
    /// </summary>
    [Fact]
    public void Finds_what_Python_finds()
    {
        string file = Path.Combine(
            SharedData.ProjectRoot,
            "tests",
            "Spar.Evaluation.Tests",
            "Text",
            "regex_vectors.jsonl"
        );
        List<string> wrong = [];
        foreach (string line in File.ReadLines(file))
        {
            using JsonDocument vector = JsonDocument.Parse(line);
            JsonElement root = vector.RootElement;
            string pattern = root.GetProperty("pattern").GetString()!;
            string expected = root.GetProperty("spans").ToString().Replace(" ", "", StringComparison.Ordinal);
            string found;
            try
            {
                PythonRegex regex = new(
                    pattern,
                    root.GetProperty("ignoreCase").GetBoolean(),
                    root.GetProperty("multiline").GetBoolean()
                );
                found =
                    "["
                    + string.Join(
                        ",",
                        regex.FindIn(root.GetProperty("text").GetString()!).Select(s => $"[{s.Start},{s.End}]")
                    )
                    + "]";
            }
            catch (EvaluationException)
            {
                found = "";
            }

            if (found != expected)
            {
                wrong.Add($"{line} but found {found}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void A_malformed_pattern_is_named_with_the_place()
    {
        EvaluationException fault = Assert.Throws<EvaluationException>(() => new PythonRegex("a(b"));
        Assert.Contains("'a(b'", fault.Message);
        Assert.Contains("position 3", fault.Message);
    }

    [Fact]
    public void Deep_repetition_is_an_error_and_no_crash()
    {
        PythonRegex regex = new("(?:a|b)*c");
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            regex.IsFoundIn(new string('a', 2_000_000))
        );
        Assert.Contains("(?:a|b)*c", fault.Message);
    }
}
