using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Tests.Text;

public class PythonTextTests
{
    /// <summary>
    /// Every code point is compared: the digests are of the ranges that CPython 3.11 prints for each property.
    /// </summary>
    [Theory]
    [InlineData("upper", "157a8359085ed30784c3f976e2213ca4f1c35ae7fbab8642091a7bc36c786de1")]
    [InlineData("lower", "ddd1e9fc6e02ce8d286633f148f0a751f2c379f69b490aecc4fc142c35ab169c")]
    [InlineData("word", "ce8c66cec5b15ae785514206e760efcb0ec6992122e00c092c0b8f1f558f5405")]
    [InlineData("digit", "e5508e6ed89869965e29b9e37ea750c7a7fb3392232146e66c76455aa5716207")]
    [InlineData("space", "18f3502cf317d2e2c57c9b2eaa6c6ff7bd543ada97987551755a12a358c5d445")]
    public void Classes_hold_the_same_code_points_as_in_Python(string name, string digest)
    {
        Func<int, bool> member = name switch
        {
            "upper" => p => PythonText.IsUpper(PythonText.FromCodePoints([p])),
            "lower" => p => PythonText.IsLower(PythonText.FromCodePoints([p])),
            "word" => PythonText.IsWord,
            "digit" => PythonText.IsDigit,
            _ => PythonText.IsWhitespace,
        };
        List<string> ranges = [];
        int first = -1;
        for (int p = 0; p <= 0x110000; p++)
        {
            bool inside = p < 0x110000 && member(p);
            if (inside && first < 0)
            {
                first = p;
            }
            else if (!inside && first >= 0)
            {
                ranges.Add($"{first:x}-{p - 1:x}");
                first = -1;
            }
        }

        Assert.Equal(digest, Digest(string.Join(',', ranges)));
    }

    [Fact]
    public void Every_code_point_has_Pythons_lower_case()
    {
        List<string> changed = [];
        List<int> longer = [];
        for (int p = 0; p < 0x110000; p++)
        {
            string lower = PythonText.Lower(PythonText.FromCodePoints([p]));
            int[] points = PythonText.CodePoints(lower);
            if (points[0] != p)
            {
                changed.Add($"{p:x}>{points[0]:x}");
            }

            if (points.Length != 1)
            {
                longer.Add(p);
            }
        }

        Assert.Equal([0x130], longer);
        Assert.Equal(
            "5293ca834985628ee669afc338fceab9b10fe758243ddd37a976ff2e6d77a7a1",
            Digest(string.Join(',', changed))
        );
    }

    [Theory]
    [InlineData("ΟΔΟΣ", "οδος")]
    [InlineData("ΟΔΟΣ.", "οδος.")]
    [InlineData("ΣΑΣ ΣΑ", "σας σα")]
    [InlineData("Α.Σ", "α.ς")]
    [InlineData("ΑΣ'Α", "ασ'α")]
    [InlineData("Σ", "σ")]
    [InlineData("İI", "i̇i")]
    [InlineData("\u212A", "k")]
    public void Lower_case_depends_on_its_neighbours(string text, string lower) =>
        Assert.Equal(lower, PythonText.Lower(text));

    [Fact]
    public void Strip_and_split_use_Pythons_white_space()
    {
        Assert.Equal("a\u200B", PythonText.Strip("\u001C\u3000 a\u200B\u0085\n"));
        Assert.Equal(["a", "b\uFEFF", "c"], PythonText.SplitWhitespace("\u001Fa \t b\uFEFF\u2028c "));
        Assert.True(PythonText.IsBlank(" \u001D\u00A0"));
        Assert.False(PythonText.IsBlank("\u200B"));
    }

    [Fact]
    public void Words_are_cut_at_combining_marks()
    {
        Assert.Equal(2, PythonText.CountWordRuns("don't"));
        Assert.Equal(2, PythonText.CountWordRuns("e\u0301e"));
        Assert.Equal(5, PythonText.CountWordRuns("½ ² Ⅷ ① a_b"));
        Assert.Equal(1, PythonText.CountWordRuns("𝐀𝐁"));
    }

    [Fact]
    public void Code_points_make_the_same_string_again() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<string>(),
                text => text is null || PythonText.FromCodePoints(PythonText.CodePoints(text)) == text
            )
            .QuickCheckThrowOnFailure();

    private static string Digest(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
