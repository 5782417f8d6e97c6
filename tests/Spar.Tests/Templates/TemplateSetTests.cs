using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Templates;

public sealed class TemplateSetTests
{
    [Fact]
    public void TheCompactSetIsTheNanoModelsWording()
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
    public void TheFullSetShowsTheMarksThatItsParsersLookFor()
    {
        TemplateSet set = TemplateSet.Load("full");
        string judge = set.JudgePrompt("INSTRUCTION", "RESPONSE");
        string refine = set.RefinePrompt("INSTRUCTION", "RESPONSE", "CRITIQUE");
        Assert.Contains(set.Format.Verdict, judge, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(set.Format.ResponseStart, refine, StringComparison.Ordinal);
        Assert.Contains(set.Format.ResponseEnd!, refine, StringComparison.Ordinal);
        Assert.All(["INSTRUCTION", "RESPONSE"], text => Assert.Contains(text, judge, StringComparison.Ordinal));
        Assert.All(
            ["INSTRUCTION", "RESPONSE", "CRITIQUE"],
            text => Assert.Contains(text, refine, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void BracesInFilledTextsAreLeftAlone() =>
        Assert.Equal(
            "judge\ntask: write {response}\nresponse: {instruction} {a: 1}",
            TemplateSet.Load("compact").JudgePrompt("write {response}", "{instruction} {a: 1}")
        );

    [Fact]
    public void AFolderOfTheUsersIsRead()
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
    public void AFaultyTemplateIsRefusedByName(string judge, string refine, string file, string placeholder)
    {
        using TempDirectory folder = UserSet(judge, refine);
        SparException fault = Assert.Throws<SparException>(() => TemplateSet.Load(folder.Path));
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.Contains(placeholder, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"verdict": "v:"}""", "responseStart")]
    [InlineData("""{"responseStart": "r:"}""", "verdict")]
    [InlineData("""{"verdict": "v:", "responseStart": "r:", "end": "e"}""", "end")]
    [InlineData("""{"verdict": "v:", "responseStart": "r:", "responseEnd": " "}""", "responseEnd")]
    [InlineData("{", "format.json")]
    public void AFaultyFormatIsRefusedByKey(string format, string named)
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
    public void AMissingSetOrFileIsNamed()
    {
        Assert.Contains(
            "compact or full",
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
