using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Tests.IFEval;

public class VerifierTests
{
    [Theory]
    [InlineData(
        "detectable_format:number_highlighted_sections",
        "{\"num_highlights\": 3}",
        "*a* and *b*",
        false,
        "has 2 of at least 3 highlighted sections"
    )]
    [InlineData(
        "length_constraints:number_words",
        "{\"num_words\": 3, \"relation\": \"less than\"}",
        "one two",
        true,
        "has 2 words, to be less than 3"
    )]
    [InlineData(
        "detectable_format:number_bullet_lists",
        "{\"num_bullets\": 2}",
        "* a\n\n- b\n* c",
        false,
        "has 3 of exactly 2 bullet points"
    )]
    [InlineData("keywords:existence", "{\"keywords\": [\"sun\", \"moon\"]}", "Sunday", false, "lacks 'moon'")]
    [InlineData(
        "keywords:forbidden_words",
        "{\"forbidden_words\": [\"rock\"]}",
        "A Rock!",
        false,
        "has the forbidden 'rock'"
    )]
    [InlineData(
        "language:response_language",
        "{\"language\": \"de\"}",
        "Das Wetter ist heute sehr schön.",
        true,
        "is in the language 'de', asked for 'de'"
    )]
    [InlineData("punctuation:no_comma", "{}", "a, b, c", false, "has 2 commas")]
    [InlineData("punctuation:no_comma", "{}", " \n", false, "is blank")]
    [InlineData(
        "detectable_format:multiple_sections",
        "{\"section_spliter\": \" Day \", \"num_sections\": 2}",
        "Day 1\nDay٢",
        true,
        "has 2 of at least 2 sections marked 'Day' and a number"
    )]
    [InlineData(
        "combination:two_responses",
        "{}",
        "a ****** b ****** c",
        false,
        "has 3 of exactly 2 responses separated by ******"
    )]
    public void A_check_alone_tells_whether_and_why(
        string id,
        string arguments,
        string response,
        bool followed,
        string why
    ) =>
        Assert.Equal(
            new Verdict(followed, why),
            InstructionRegistry.Create(id, InstructionArguments.Parse(arguments)).Verify(response)
        );

    [Theory]
    [InlineData("*a*\n*\n-b", 3)]
    [InlineData("*", 0)]
    [InlineData("*\n", 1)]
    [InlineData("\n\n  * a\u2028* b", 1)]
    [InlineData("--- \n-\n\u001C- x", 3)]
    [InlineData("** a\n*** b\n+ c", 0)]
    public void Bullets_are_counted_as_the_reference_counts_them(string response, int count)
    {
        InstructionVerifier verifier = InstructionRegistry.Create(
            "detectable_format:number_bullet_lists",
            InstructionArguments.Parse("{\"num_bullets\": 9}")
        );
        Assert.Equal($"has {count} of exactly 9 bullet points", verifier.Verify(response).Explanation);
    }

    [Theory]
    [InlineData("length_constraints:word_count", "{}", "unknown instruction id 'length_constraints:word_count'")]
    [InlineData("length_constraints:number_words", "{\"relation\": \"at least\"}", "'num_words' is missing")]
    [InlineData(
        "length_constraints:number_words",
        "{\"num_words\": 0, \"relation\": \"at least\"}",
        "'num_words' is missing"
    )]
    [InlineData(
        "length_constraints:number_words",
        "{\"num_words\": 2.5, \"relation\": \"at least\"}",
        "'num_words' is 2.5"
    )]
    [InlineData(
        "length_constraints:number_words",
        "{\"num_words\": 2, \"relation\": \"at most\"}",
        "'at most'; it must be 'at least' or 'less than'"
    )]
    [InlineData(
        "length_constraints:nth_paragraph_first_word",
        "{\"num_paragraphs\": 2, \"nth_paragraph\": 3, \"first_word\": \"a\"}",
        "must not exceed 'num_paragraphs'"
    )]
    [InlineData("keywords:existence", "{\"keywords\": \"sun\"}", "must be a list of texts")]
    [InlineData(
        "keywords:frequency",
        "{\"keyword\": \"(a\", \"frequency\": 1, \"relation\": \"at least\"}",
        "'(a' is no regular expression"
    )]
    [InlineData(
        "keywords:letter_frequency",
        "{\"letter\": \"ab\", \"let_frequency\": 1, \"let_relation\": \"at least\"}",
        "must be one character"
    )]
    public void Wrong_arguments_are_named(string id, string arguments, string part)
    {
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            InstructionRegistry.Create(id, InstructionArguments.Parse(arguments))
        );
        Assert.Contains(part, fault.Message);
        Assert.Contains(id, fault.Message);
    }

    [Fact]
    public void Absent_and_unused_arguments_do_no_harm()
    {
        InstructionArguments arguments = InstructionArguments.Parse(
            "{\"num_words\": 2, \"relation\": \"at least\", \"keywords\": null, \"language\": \"\", \"n\": 0}"
        );
        Assert.True(
            InstructionRegistry.Create("length_constraints:number_words", arguments).Verify("one two").Followed
        );
    }

    /// <summary>
    /// Loose scoring: the variants are stripped before asterisks go, and the plain response is not stripped.
    /// </summary>
    [Fact]
    public void Loose_scoring_tries_the_variants()
    {
        InstructionArguments arguments = InstructionArguments.Parse(
            "{\"num_paragraphs\": 2, \"nth_paragraph\": 1, \"first_word\": \"yes\"}"
        );
        InstructionPrompt prompt = new(
            "7",
            "",
            [
                new Instruction(
                    "length_constraints:nth_paragraph_first_word",
                    arguments,
                    InstructionRegistry.Create("length_constraints:nth_paragraph_first_word", arguments)
                ),
            ]
        );
        (bool, bool) Score(string response)
        {
            InstructionSample sample = InstructionScorer.Score(prompt, response);
            return (sample.Strict[0], sample.Loose[0]);
        }

        Assert.Equal((true, true), Score("Yes.\n\nb"));
        Assert.Equal((false, true), Score("**Yes**\n\nb"));
        Assert.Equal((false, true), Score("Sure:\n\n\nYes.\n\nb"));
        Assert.Equal((false, true), Score("Yes.\n\nb\n\nIs that well?"));
        Assert.Equal((false, false), Score("Yes."));
        Assert.Equal((false, false), Score("***"));
    }
}
