using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Templates;

public sealed class TemplateSetTests
{
    [Fact]
    public void The_compact_set_is_the_nano_models_wording()
    {
        TemplateSet set = TemplateSet.Load("compact");
        Assert.Equal("judge\ntask: do it\nresponse: done", set.JudgePrompt("do it", "done"));
        Assert.Equal(
            "refine\ntask: do it\nresponse: done\nx\njudgement: no",
            set.RefinePrompt("do it", "done", "x\njudgement: no")
        );
        Assert.Equal(new OutputFormat("judgement:", "refined:", null), set.Format);
    }

    [Fact]
    public void The_full_set_shows_the_marks_that_its_parsers_look_for()
    {
        TemplateSet set = TemplateSet.Load("full");
        string judge = set.JudgePrompt("INSTRUCTION", "RESPONSE");
        string refine = set.RefinePrompt("INSTRUCTION", "RESPONSE", "CRITIQUE");
        Assert.Contains(set.Format.Verdict, judge, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(set.Format.ResponseStart!, refine, StringComparison.Ordinal);
        Assert.Contains(set.Format.ResponseEnd!, refine, StringComparison.Ordinal);
        Assert.All(["INSTRUCTION", "RESPONSE"], text => Assert.Contains(text, judge, StringComparison.Ordinal));
        Assert.All(
            ["INSTRUCTION", "RESPONSE", "CRITIQUE"],
            text => Assert.Contains(text, refine, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_model_that_repeats_the_full_set_gives_no_verdict()
    {
        TemplateSet set = TemplateSet.Load("full");
        string asked = set.JudgePrompt("name a colour", "blue");
        JudgementParser parser = new(set.Format);

        Assert.All(asked.Split('\n').Append(asked), text => Assert.Null(parser.Parse(text).Verdict));
    }

    [Fact]
    public void Without_a_start_mark_the_whole_output_is_the_refinement()
    {
        TemplateSet set = TemplateSet.Load("small");
        RefinementParser parser = new(set.Format);

        Assert.Equal("a better text", parser.Parse("<think>hm</think> a better text\n").Response);
        Assert.Equal(RefinementParser.EmptyResponse, parser.Parse(" \n").Unparsed);
        Assert.Equal(RefinementParser.CutOff, parser.Parse("a better", cutOff: true).Unparsed);
    }

    [Fact]
    public void Braces_in_filled_texts_are_left_alone() =>
        Assert.Equal(
            "judge\ntask: write {response}\nresponse: {instruction} {a: 1}",
            TemplateSet.Load("compact").JudgePrompt("write {response}", "{instruction} {a: 1}")
        );

    [Fact]
    public void A_folder_of_the_users_is_read()
    {
        using TempDirectory folder = UserSet(
            "J {instruction} | {response} {\"json\": 1}\n",
            "R {instruction} {response} {critique}\r\n"
        );
        TemplateSet set = TemplateSet.Load(folder.Path);
        Assert.Equal("J a | b {\"json\": 1}", set.JudgePrompt("a", "b"));
        Assert.Equal("R a b c", set.RefinePrompt("a", "b", "c"));
        Assert.NotEqual(TemplateSet.Load("compact").Digest, set.Digest);
    }

    [Theory]
    [InlineData("J {instruction}", "R {instruction} {response} {critique}", "judge.txt", "{response}")]
    [InlineData("J {instruction} {response}", "R {instruction} {response}", "refine.txt", "{critique}")]
    [InlineData(
        "J {instruction} {response} {critique}",
        "R {instruction} {response} {critique}",
        "judge.txt",
        "{critique}"
    )]
    [InlineData(
        "J {instruction} {response}",
        "R {instruction} {response} {critique} {answer}",
        "refine.txt",
        "{answer}"
    )]
    public void A_faulty_template_is_refused_by_name(string judge, string refine, string file, string placeholder)
    {
        using TempDirectory folder = UserSet(judge, refine);
        SparException fault = Assert.Throws<SparException>(() => TemplateSet.Load(folder.Path));
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.Contains(placeholder, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"verdict": "v:"}""", "responseStart")]
    [InlineData("""{"responseStart": "r:"}""", "verdict")]
    [InlineData("""{"verdict": "v:", "responseStart": null, "responseEnd": "e"}""", "responseStart")]
    [InlineData("""{"verdict": "v:", "responseStart": "r:", "end": "e"}""", "end")]
    [InlineData("""{"verdict": "v:", "responseStart": "r:", "responseEnd": " "}""", "responseEnd")]
    [InlineData("{", "format.json")]
    public void A_faulty_format_is_refused_by_key(string format, string named)
    {
        using TempDirectory folder = UserSet(
            "J {instruction} {response}",
            "R {instruction} {response} {critique}",
            format
        );
        Assert.Contains(
            named,
            Assert.Throws<SparException>(() => TemplateSet.Load(folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_missing_set_or_file_is_named()
    {
        Assert.Contains(
            "compact, small, full",
            Assert.Throws<SparException>(() => TemplateSet.Load("compakt")).Message,
            StringComparison.Ordinal
        );
        using TempDirectory folder = UserSet("J {instruction} {response}", "R {instruction} {response} {critique}");
        File.Delete(folder.File("refine.txt"));
        Assert.Contains(
            "refine.txt",
            Assert.Throws<SparException>(() => TemplateSet.Load(folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    private static TempDirectory UserSet(
        string judge,
        string refine,
        string format = """{"verdict": "v:", "responseStart": "r:"}"""
    )
    {
        TempDirectory folder = new();
        File.WriteAllText(folder.File("judge.txt"), judge);
        File.WriteAllText(folder.File("refine.txt"), refine);
        File.WriteAllText(folder.File("format.json"), format);
        return folder;
    }
}
