using System.Text;
using System.Text.Json.Nodes;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Tests.Tokenization;

/// <summary>
/// Form C seen through a tokenizer that only normalises and spells bytes; cases from Unicode Standard Annex 15 and its
/// test file.
/// </summary>
public class UnicodeNormalizationTests
{
    private static readonly Tokenizer s_bytes = ByteTokenizer();

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")] // Angstrom sign: a singleton
    [InlineData("\u1E0A\u0323", "\u1E0C\u0307")] // marks in canonical order, then composed
    [InlineData("D\u0307\u0323", "\u1E0C\u0307")]
    [InlineData("a\u0315\u0300\u05AE\u0062", "\u00E0\u05AE\u0315b")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1112\u1161\u11AB", "\uD55C")] // Hangul
    [InlineData("\uD55C\u11A8", "\uD55C\u11A8")]
    [InlineData("\u1100\uAC00\u11A8", "\u1100\uAC01")]
    [InlineData("\uD834\uDD5E", "\uD834\uDD57\uD834\uDD65")] // beyond U+FFFF, excluded
    [InlineData("\uD804\uDC99\uD804\uDCBA", "\uD804\uDC9A")] // beyond U+FFFF, composed
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\uFB01", "\uFB01")] // compatibility characters stay
    public void Text_is_brought_to_form_C(string text, string expected) =>
        Assert.Equal(expected, s_bytes.Decode(s_bytes.Encode(text)));

    private static Tokenizer ByteTokenizer()
    {
        JsonObject vocab = [];
        for (int value = 0; value < 256; value++)
        {
            vocab[ByteLevelSpelling(value)] = value;
        }

        JsonObject json = new()
        {
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"ByteLevel"}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocab, ["merges"] = new JsonArray() },
        };
        return Tokenizer.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "bytes.json");
    }

    // GPT-2's table, written down independently: printable Latin-1 as itself, the rest from U+0100 on.
    private static string ByteLevelSpelling(int value)
    {
        static bool Itself(int v) => v is (> 32 and < 127) or (> 160 and < 256 and not 173);
        return ((char)(Itself(value) ? value : 256 + Enumerable.Range(0, value).Count(v => !Itself(v)))).ToString();
    }
}
