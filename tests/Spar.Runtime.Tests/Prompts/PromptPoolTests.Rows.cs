using System.Text;
using Spar.Runtime.Prompts;

namespace Spar.Runtime.Tests.Prompts;

// Files as they come: encodings, line ends, other layouts, writers that are not done.
public sealed partial class PromptPoolTests
{
    [Fact]
    public void Rows_of_different_layouts_in_one_file_are_refused()
    {
        string file = Lines("a.jsonl", [new { prompt = "x" }, new { prompt = "y" }, new { instruction = "z" }]);
        SparException fault = Assert.Throws<SparException>(() => PromptPool.Draw([file], 10, 1, 1, null, default));
        Assert.Contains($"{file}, line 3", fault.Message, StringComparison.Ordinal);
        Assert.Contains("the prompt is in instruction, and in the rows before in prompt", fault.Message);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"café\"}\n", "line 3: not UTF-8")]
    [InlineData("a.csv", "prompt\na\ncafé\n", "line 3: not UTF-8")]
    [InlineData("a.txt", "a\ncafé\n", "line 2: not UTF-8")]
    [InlineData("a.json", "[{\"prompt\": \"a\"},\n{\"prompt\": \"café\"}]", "line 2: not UTF-8")]
    public void Text_of_another_encoding_is_named_with_its_row(string name, string text, string words)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, text, Encoding.Latin1);
        SparException fault = Assert.Throws<SparException>(() => PromptPool.Draw([file], 10, 1, 1, null, default));
        Assert.Contains($"{file}, {words}", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.json")]
    [InlineData("a.csv")]
    public void Utf_16_without_its_mark_is_named(string name)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, "{\"prompt\": \"a\"}\n", new UnicodeEncoding(bigEndian: false, byteOrderMark: false));
        SparException fault = Assert.Throws<SparException>(() => PromptPool.Draw([file], 10, 1, 1, null, default));
        Assert.Contains($"{file} is UTF-16 text without a byte order mark", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_half_of_a_surrogate_pair_is_named_with_its_row()
    {
        string file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(file, "{\"\\ud800\": 1, \"prompt\": \"a\"}\n");
        SparException fault = Assert.Throws<SparException>(() => PromptRows.CheckFirst(file));
        Assert.Contains($"{file}, line 1: a name holds half", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Separators_of_Unicode_and_zeros_are_text_and_end_no_line()
    {
        string file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(
            file,
            "{\"prompt\": \"a\u2028b\\u0000c\u0085d\"}\r\n\r\n{\"prompt\": \"e\"}\r{\"prompt\": \"f\"}"
        );
        Assert.Equal(["a\u2028b\0c\u0085d", "e", "f"], PromptRows.Read(file).Select(row => row.Text));
        Assert.Equal([1L, 3, 4], PromptRows.Read(file).Select(row => row.Number));
    }

    [Fact]
    public void A_text_file_has_a_prompt_a_line()
    {
        string file = Path.Combine(_folder, "rows.txt");
        File.WriteAllText(file, "[Hello] say it\n\n  {\"prompt\": \"no\"}\n");
        Assert.Equal(["[Hello] say it", "{\"prompt\": \"no\"}"], PromptRows.Read(file).Select(row => row.Text));
        File.WriteAllText(file, "\n{\"prompt\": \"yes\"}\n");
        Assert.Equal(["yes"], PromptRows.Read(file).Select(row => row.Text));
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.json")]
    [InlineData("a.csv")]
    public void A_file_that_changes_while_it_is_read_is_refused(string name)
    {
        string file = name switch
        {
            "a.jsonl" => Lines(name, s_asked),
            "a.json" => List(name, s_asked.Select(text => new { prompt = text })),
            _ => Csv(name, ',', s_asked),
        };
        SparException fault = Assert.Throws<SparException>(() =>
        {
            foreach (PromptRow row in PromptRows.Read(file))
            {
                if (row.Number is 2 or 4)
                {
                    File.AppendAllText(file, " \n");
                }
            }
        });
        Assert.Contains($"{file} changed while it was read", fault.Message, StringComparison.Ordinal);
    }
}
