using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Tests.Text;

public class PythonJsonTests
{
    [Theory]
    [InlineData("{\"a\": [1, -0.5e+3, true, null], \"a\": {}}")]
    [InlineData(" [ ] \n")]
    [InlineData("NaN")]
    [InlineData("[Infinity, -Infinity]")]
    [InlineData("\"\\ud800 \\/ \u007F\u2028\"")]
    [InlineData("-0")]
    public void Takes_what_Python_takes(string text) => Assert.True(PythonJson.IsValid(text));

    [Theory]
    [InlineData("")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("[1,]")]
    [InlineData("[1 2]")]
    [InlineData("{a: 1}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("'a'")]
    [InlineData("01")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e")]
    [InlineData("+1")]
    [InlineData("-NaN")]
    [InlineData("True")]
    [InlineData("\"a\nb\"")]
    [InlineData("\"\\x41\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"open")]
    [InlineData("\"open\\")]
    [InlineData("[1")]
    [InlineData("[1}")]
    [InlineData("{} {}")]
    [InlineData("\uFEFF{}")]
    [InlineData("\u00A0{}")]
    [InlineData("// c\n{}")]
    public void Refuses_what_Python_refuses(string text) => Assert.False(PythonJson.IsValid(text));

    [Fact]
    public void Depth_has_no_limit_and_the_digits_of_integers_have_one()
    {
        Assert.True(PythonJson.IsValid(new string('[', 1_000_000) + new string(']', 1_000_000)));
        Assert.True(PythonJson.IsValid(new string('9', 4300)));
        Assert.False(PythonJson.IsValid(new string('9', 4301)));
        Assert.True(PythonJson.IsValid(new string('9', 4301) + ".0"));
    }

    [Fact]
    public void Agrees_with_a_strict_parser_on_damaged_documents()
    {
        string document = JsonSerializer.Serialize(
            new { a = new object?[] { 1, -2.5, "x\"\\\u0001", true, null }, b = new { c = "é" } }
        );
        Gen<string> damaged =
            from at in Gen.Choose(0, document.Length - 1)
            from put in Gen.Elements("", ",", "\"", "{", "]", "0", " ", "e", "\\", ":")
            select document[..at] + put + document[(at + 1)..];
        Prop.ForAll(damaged.ToArbitrary(), text => PythonJson.IsValid(text) == IsStrictJson(text))
            .QuickCheckThrowOnFailure();
    }

    private static bool IsStrictJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
