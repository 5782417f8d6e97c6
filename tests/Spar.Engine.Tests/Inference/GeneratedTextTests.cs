using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Inference;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Inference;

public class GeneratedTextTests
{
    private static Tokenizer Tokenizer => Tokenizer.Load(SharedData.Path("fixtures", "tokenizers", "bpe-llama3"));

    [Fact]
    public void Pieces_join_to_the_text_before_the_first_stop_string()
    {
        Tokenizer tokenizer = Tokenizer;
        string alphabet = "ab é🙂\n";
        Gen<(string Text, string[] Stops)> gen =
            from text in Word(alphabet, 0, 40)
            from count in Gen.Choose(0, 3)
            from stops in Word(alphabet, 1, 4).ArrayOf(count)
            select (text, stops);
        Prop.ForAll(
                gen.ToArbitrary(),
                t =>
                {
                    GeneratedText generated = new(tokenizer, t.Stops);
                    StringBuilder pieces = new();
                    int[] ids = tokenizer.Encode(t.Text);
                    int cut = -1;
                    for (int i = 0; i < ids.Length && cut < 0; i++)
                    {
                        // A generation is looked at after every token: a stop string that begins earlier but ends in a later
                        // token does not count.
                        string soFar = tokenizer.Decode(ids.AsSpan(0, i + 1)).TrimEnd('\uFFFD');
                        cut = t
                            .Stops.Select(s => soFar.IndexOf(s, StringComparison.Ordinal))
                            .Where(at => at >= 0)
                            .DefaultIfEmpty(-1)
                            .Min();
                        Assert.Equal(cut >= 0, generated.Append(ids[i]));
                        pieces.Append(generated.Release());
                    }

                    pieces.Append(generated.Finish());
                    Assert.Equal(cut >= 0 ? t.Text[..cut] : t.Text, pieces.ToString());
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Text_that_may_begin_a_stop_string_is_held_back()
    {
        Tokenizer tokenizer = Tokenizer;
        GeneratedText generated = new(tokenizer, ["abX"]);
        foreach (int id in tokenizer.Encode("xab"))
        {
            Assert.False(generated.Append(id));
        }

        Assert.Equal("x", generated.Release());
        foreach (int id in tokenizer.Encode("ab"))
        {
            generated.Append(id);
        }

        Assert.Equal("ab", generated.Release());
        Assert.Equal("ab", generated.Finish());
    }

    private static Gen<string> Word(string alphabet, int least, int most) =>
        from length in Gen.Choose(least, most)
        from runes in Gen.Elements(alphabet.EnumerateRunes().ToArray()).ArrayOf(length)
        select string.Concat(runes.Select(r => r.ToString()));
}
