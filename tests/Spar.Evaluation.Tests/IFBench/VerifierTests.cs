using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Tests.IFBench;

public class VerifierTests
{
    [Theory]
    [InlineData("count:numbers", """{"N": 0}""", "none", true, "has 0 of exactly 0 numbers")]
    [InlineData("count:numbers", """{"N": 2.0}""", "1,000 and 3.14", true, "has 2 of exactly 2 numbers")]
    [InlineData(
        "count:word_count_range", """{"min_words": 3, "max_words": 5}""", "don't", false,
        "has 2 words, to be 3 to 5")]
    [InlineData("count:punctuation", "{}", "Is it?! a, b; c: d.", false, "has an interrobang but lacks ! ? besides")]
    [InlineData(
        "ratio:stop_words", """{"percentage": 12.5}""", "the cat sat", false,
        "has 1 stop words among 3 words, 33.33 %, to be at most 12.5 %")]
    [InlineData("words:alphabet", "{}", "zebra and cat", false, "has 'cat' as word 3, to begin with 'b'")]
    [InlineData(
        "words:start_verb", "{}", "Write the report", false,
        "begins with 'Write', which reads as IN, to be a verb (VB...)")]
    [InlineData(
        "words:odd_even_syllables", "{}", "a table cat dog", false,
        "has 'cat' and 'dog' side by side with 1 and 1 syllables, to be odd and even in turn")]
    [InlineData(
        "sentence:keyword", """{"word": "sun", "N": 2}""", "The sun rises. It sets.", false,
        "lacks the word 'sun' in sentence 2, which is 'It sets.'")]
    [InlineData("format:title_case", "{}", "The Cat of War", false, "has the word 'of', to be in title case")]
    [InlineData("format:list", """{"sep": "..."}""", "a...b", false, "has 1 of at least 2 list separators '...'")]
    [InlineData(
        "repeat:repeat_span", """{"prompt_to_repeat": "say hello world", "n_start": -11, "n_end": 8}""", " HELLO\n",
        true, "is the part of the request asked for and nothing else")]
    [InlineData(
        "custom:date_format_list", "{}", "1821-05-05, 1822-01-01", false,
        "has '1822-01-01', to be a date as YYYY-MM-DD in the years 1769 to 1821")]
    [InlineData(
        "custom:csv_city", """{"anything": 1}""", "a\rb", false,
        "cannot be read as a table: text follows a carriage return in a line, or a field has over 131072 characters")]
    [InlineData("format:newline", "{}", "\u001C\u2003\n ", false, "is blank")]
    public void A_check_tells_what_it_found_and_what_is_wanted(
        string id, string arguments, string response, bool followed, string why)
    {
        InstructionVerifier verifier = InstructionRegistry.Create(id, InstructionArguments.Parse(arguments));
        Assert.Equal(new Verdict(followed, why), verifier.Verify(response));
    }

    [Fact]
    public void What_an_explanation_quotes_is_short_and_on_one_line()
    {
        InstructionVerifier verifier = InstructionRegistry.Create("repeat:repeat_simple", InstructionArguments.None);
        string why = verifier.Verify("a\r\nb" + string.Concat(Enumerable.Repeat("🙂", 5000))).Explanation;
        Assert.InRange(why.Length, 10, 200);
        Assert.DoesNotContain('\n', why);
        Assert.All(why.EnumerateRunes(), rune => Assert.NotEqual(0xFFFD, rune.Value));
    }

    [Theory]
    [InlineData("count:numbers", "{}", "argument 'N' is missing or null")]
    [InlineData("count:numbers", """{"N": null}""", "argument 'N' is missing or null")]
    [InlineData("count:numbers", """{"N": "3"}""", "argument 'N' is \"3\"; it must be a whole number of at least 0")]
    [InlineData("count:numbers", """{"N": 2.5}""", "argument 'N' is 2.5; it must be a whole number of at least 0")]
    [InlineData("count:numbers", """{"N": -1}""", "argument 'N' is -1; it must be a whole number of at least 0")]
    [InlineData("count:numbers", """{"N": 1e99}""", "argument 'N' is 1e99; it must be a whole number of at least 0")]
    [InlineData(
        "count:numbers", """{"N": 1, "small_n": 2}""", "argument 'small_n' is unknown; the instruction takes N")]
    [InlineData("format:emoji", """{"N": 1}""", "argument 'N' is unknown; the instruction takes none")]
    [InlineData("count:words_japanese", """{"N": 0}""", "argument 'N' is 0; it must be a whole number of at least 1")]
    [InlineData("ratio:overlap", """{"percentage": 10}""", "argument 'reference_text' is missing or null")]
    [InlineData(
        "ratio:overlap", """{"percentage": true, "reference_text": ""}""",
        "argument 'percentage' is true; it must be a number")]
    [InlineData(
        "ratio:stop_words", """{"percentage": -0.5}""",
        "argument 'percentage' is negative; it must be a number of at least 0")]
    [InlineData("sentence:keyword", """{"word": ["a"], "N": 1}""", "argument 'word' is [\"a\"]; it must be a text")]
    [InlineData(
        "count:keywords_multiple", """{"keyword1": "a", "keyword2": "b"}""",
        "argument 'keyword3' is missing or null")]
    public void Wrong_arguments_are_named_with_file_line_and_key(string id, string arguments, string part)
    {
        string folder = Directory.CreateTempSubdirectory("spar-ifbench-").FullName;
        string file = Path.Combine(folder, "prompts.jsonl");
        try
        {
            File.WriteAllText(file, $$"""

                {"key": "0", "prompt": "p", "instruction_id_list": ["{{id}}"], "kwargs": [{{arguments}}]}
                """);
            EvaluationException fault = Assert.Throws<EvaluationException>(() => InstructionPrompt.Load(file));
            Assert.StartsWith($"{file}, line 2: field 'kwargs[0]': {id}: {part}", fault.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
