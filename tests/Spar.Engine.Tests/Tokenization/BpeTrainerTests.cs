using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Tests.Checkpoints;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Tests.Tokenization;

public class BpeTrainerTests
{
    private static readonly string[] s_special = ["<|pad|>", "<|end|>"];

    [Fact]
    public void The_textbook_example_merges_the_most_frequent_pairs_first()
    {
        // low x5, lower x2, newest x6, widest x3 (Sennrich et al., section 3.2): es, est, lo, low.
        string[] texts =
        [
            .. Repeat("low\n", 5),
            .. Repeat("lower\n", 2),
            .. Repeat("newest\n", 6),
            .. Repeat("widest\n", 3),
        ];
        Tokenizer tokenizer = BpeTrainer.Train(texts, 258 + 4, s_special);
        Assert.Equal(["es", "est", "lo", "low"], Enumerable.Range(258, 4).Select(tokenizer.IdToToken));
        Assert.Equal(["low", "est"], tokenizer.Encode("lowest").Select(tokenizer.IdToToken));
    }

    [Fact]
    public void Special_tokens_come_first_then_bytes_and_specials_are_never_learned_from()
    {
        Tokenizer tokenizer = BpeTrainer.Train(Repeat("a<|end|>b ", 50), 300, s_special);
        Assert.Equal((0, 1), (tokenizer.TokenToId("<|pad|>"), tokenizer.TokenToId("<|end|>")));
        Assert.Equal([2 + 'a', 1, 2 + 'b'], tokenizer.Encode("a<|end|>b"));
        Assert.Equal(258, tokenizer.VocabSize); // "a", "b", " " are the only pieces: nothing to join
    }

    [Fact]
    public void The_vocabulary_is_full_and_the_same_for_any_order_of_the_texts()
    {
        string[] texts =
        [
            .. Enumerable
                .Range(0, 500)
                .Select(i => $"Write {i * 37 % 101} words about the {(char)('a' + (i % 26))}{i % 7} river, please."),
        ];
        Tokenizer one = BpeTrainer.Train(texts, 320, s_special);
        Assert.Equal(320, one.VocabSize);
        using TempFolder a = new();
        using TempFolder b = new();
        one.Save(a.Root);
        BpeTrainer.Train(texts.Reverse(), 320, s_special).Save(b.Root);
        Assert.Equal(File.ReadAllBytes(a.File("tokenizer.json")), File.ReadAllBytes(b.File("tokenizer.json")));
    }

    [Fact]
    public void A_saved_tokenizer_reads_back()
    {
        Tokenizer trained = BpeTrainer
            .Train(Repeat("the cat sat on the mat. ", 9), 290, s_special)
            .WithConfig(
                new TokenizerConfig
                {
                    EosToken = "<|end|>",
                    PadToken = "<|pad|>",
                    ChatTemplate = "{{ messages[0]['content'] }}",
                    MaxLength = 128,
                }
            );
        using TempFolder folder = new();
        trained.Save(folder.Root);
        Tokenizer loaded = Tokenizer.Load(folder.Root);
        Assert.Equivalent(trained.Config, loaded.Config, strict: true);
        Assert.Equal(trained.Encode("the mat<|end|>"), loaded.Encode("the mat<|end|>"));
    }

    [Fact]
    public void Any_text_can_be_encoded()
    {
        Tokenizer tokenizer = BpeTrainer.Train(["only ascii was seen, only ascii"], 280, s_special);
        Prop.ForAll<string>(text =>
            {
                string wellFormed = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text ?? ""));
                return tokenizer.Decode(tokenizer.Encode(wellFormed), skipSpecialTokens: false) == wellFormed;
            })
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_counts_stay_true_while_pairs_are_joined()
    {
        // The plain algorithm: count all pairs anew before each merge.
        string[] words = ["aaaa", "aaab", "abab", "banana", "bandana", "aab", "baa", "nab"];
        string[] texts = [.. words.SelectMany((word, i) => Repeat(word + "\n", i + 2))];
        Tokenizer trained = BpeTrainer.Train(texts, 256 + 12, []);
        List<(List<string> Symbols, int Count)> state =
        [
            .. words.Select((word, i) => (word.Select(c => c.ToString()).ToList(), i + 2)),
        ];
        List<string> order = [.. Enumerable.Range(0, 256).Select(i => trained.IdToToken(i)!)];
        List<string> expected = [];
        while (expected.Count < 12)
        {
            var (left, right) = state
                .SelectMany(w => w.Symbols.Zip(w.Symbols.Skip(1)).Select(p => (p.First, p.Second, w.Count)))
                .GroupBy(p => (p.First, p.Second))
                .OrderByDescending(g => g.Sum(p => p.Count))
                .ThenBy(g => order.IndexOf(g.Key.First))
                .ThenBy(g => order.IndexOf(g.Key.Second))
                .First()
                .Key;
            if (!order.Contains(left + right))
            {
                order.Add(left + right);
                expected.Add(left + right);
            }

            foreach ((List<string> symbols, _) in state)
            {
                for (int i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] == left && symbols[i + 1] == right)
                    {
                        symbols[i] = left + right;
                        symbols.RemoveAt(i + 1);
                    }
                }
            }
        }

        Assert.Equal(expected, Enumerable.Range(256, 12).Select(trained.IdToToken));
    }

    [Theory]
    [InlineData(257, "<|pad|>", "<|end|>")]
    [InlineData(300, "x", "<|end|>")]
    [InlineData(300, "<|end|>", "<|end|>")]
    [InlineData(300, "", "<|end|>")]
    public void Settings_that_cannot_work_are_refused(int vocabSize, params string[] special) =>
        Assert.Throws<EngineException>(() => BpeTrainer.Train(["text"], vocabSize, special));

    private static IEnumerable<string> Repeat(string text, int times) => Enumerable.Repeat(text, times);
}
