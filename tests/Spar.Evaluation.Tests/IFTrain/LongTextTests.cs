using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Tests.IFTrain;

/// <summary>No text makes a check fail or take long.</summary>
public class LongTextTests
{
    private static readonly (string Id, string Arguments)[] s_checks =
    [
        ("copy:repeat_phrase", """{"phrase": "a b c", "small_n": 1}"""),
        ("copy:repeat_phrase", """{"phrase": "a b c?", "small_n": 1}"""),
        ("copy:copy", """{"prompt_to_repeat": "a"}"""),
        ("copy:copying_simple", """{"prompt_to_repeat": "a"}"""),
        ("copy:copying_multiple", """{"prompt_to_repeat": "a", "N": 2}"""),
        ("new:copy_span_idx", """{"prompt_to_repeat": "a b c", "n_start": 1, "n_end": 3}"""),
        ("detectable_format:sentence_hyphens", "{}"),
        ("detectable_format:square_brackets", "{}"),
        ("detectable_format:bigram_wrapping", "{}"),
        ("keywords:no_adjacent_consecutive", "{}"),
        ("keywords:word_once", """{"keyword": "(a+)+c"}"""),
        ("keywords:word_count_different_numbers", """{"keyword": "a.*c", "frequency": 0, "relation": "at least"}"""),
        ("keywords:exclude_word_harder", """{"keyword": "a"}"""),
        ("keywords:palindrome", "{}"),
        ("keywords:keyword_specific_position", """{"keyword": "a", "n": 1, "m": 1}"""),
        ("keywords:start_end", "{}"),
        ("paragraphs:paragraphs", "{}"),
        ("paragraphs:paragraphs2", "{}"),
        ("first_word:first_word_sent", """{"first_word": "a"}"""),
        ("first_word:first_word_answer", """{"first_word": "a"}"""),
        ("last_word:last_word_sent", """{"last_word": "a"}"""),
        ("last_word:last_word_answer", """{"last_word": "a"}"""),
        ("punctuation:punctuation_dot", "{}"),
        ("punctuation:punctuation_exclamation", "{}"),
        ("count:lowercase_counting", """{"N": 3}"""),
        ("count:counting_composition", """{"n_sent": 1, "n_words": 2}"""),
        ("count:count_unique", "{}"),
        ("count:count_increment_word", """{"keyword1": "a", "keyword2": "b"}"""),
        ("letters:letter_counting", """{"N": 3, "relation": "at least"}"""),
        ("letters:letter_counting2", """{"letter": "e", "let_frequency": 0, "let_relation": "less than"}"""),
    ];

    private static IEnumerable<(string Id, InstructionVerifier Verifier)> Verifiers() =>
        s_checks.Select(check =>
            (check.Id, InstructionRegistry.Create(check.Id, InstructionArguments.Parse(check.Arguments)))
        );

    [Fact]
    public void Every_instruction_is_tried()
    {
        string[] ids =
        [
            .. InstructionRegistry.Ids.Where(id => InstructionRegistry.SetOf(id) == InstructionSet.IFTrain),
        ];
        Assert.Equal(ids.Order(), s_checks.Select(check => check.Id).Distinct().Order());
    }

    /// <summary>
    /// A check takes about a second on the slowest of these; the bound leaves room for a busy machine.
    /// </summary>
    [Theory]
    [InlineData("a ")]
    [InlineData("a")]
    [InlineData(". ")]
    [InlineData("\n")]
    [InlineData("The cat isn't \"here\", but (really) there!? ")]
    public void A_megabyte_is_checked_within_a_minute(string part)
    {
        string text = string.Concat(Enumerable.Repeat(part, 1_000_000 / part.Length));
        foreach ((string id, InstructionVerifier verifier) in Verifiers())
        {
            long start = Stopwatch.GetTimestamp();
            verifier.Verify(text);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1), id);
        }
    }

    [Fact]
    public void A_pattern_that_needs_too_many_steps_is_not_followed_and_says_so()
    {
        Verdict verdict = InstructionRegistry
            .Create("keywords:word_once", InstructionArguments.Parse("""{"keyword": "(a|a)*c"}"""))
            .Verify(new string('a', 60) + "b");
        Assert.False(verdict.Followed);
        Assert.Contains("too many steps", verdict.Explanation);
    }

    [Fact]
    public void No_text_makes_a_check_fail()
    {
        InstructionVerifier[] verifiers = [.. Verifiers().Select(one => one.Verifier)];
        string[] parts =
        [
            "a",
            "B",
            " ",
            "\n\n",
            "\u001c",
            "***",
            "******",
            ".",
            "!?",
            "\"",
            "<<",
            ">>",
            "[",
            "]",
            "-",
            "é",
            "İ",
            "\ud83d",
            "😀",
            "<prd>",
            "<stop>",
            "Mr.",
            "U.S. He ",
            " Inc. It ",
            "...",
            "1.2.3",
            "can't",
            "日本",
            "e\u0301",
            "Ph.D.",
        ];
        Gen<string> texts = Gen.Elements(parts).ListOf().Select(list => string.Concat(list));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(700),
            Prop.ForAll(
                texts.ToArbitrary(),
                text =>
                {
                    foreach (InstructionVerifier verifier in verifiers)
                    {
                        Assert.DoesNotContain("cannot be checked", verifier.Verify(text).Explanation);
                    }
                }
            )
        );
    }
}
