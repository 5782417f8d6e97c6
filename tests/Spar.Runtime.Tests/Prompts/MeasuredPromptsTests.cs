using System.Text.Json;
using Spar.Ground;
using Spar.Runtime.Prompts;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Prompts;

public class MeasuredPromptsTests
{
    private static readonly string[] s_filler =
        "after every quiet morning those seven brown horses carried old letters over another stone bridge".Split(' ');

    // What such prompts have in common, and what is each one's own.
    private static readonly string[] s_benchmark =
    [
        "Write an encouraging letter to a neighbour who has just planted forty apple trees behind the old railway "
            + "station and worries about the frost. Your entire response should be in all lowercase letters. "
            + "Do not use any commas.",
        "Explain to a group of visiting sailors how the lighthouse on the northern cape was rebuilt after the storm of "
            + "1907. Your entire response should be in all lowercase letters. Wrap it in double quotation marks.",
        "Compose a menu for a wedding in the mountains at which nobody eats meat but everybody loves mushrooms. Do not "
            + "use any commas. Your response must have exactly 3 paragraphs.",
        "Describe the rules of a card game that two bored astronauts invented on their way to Mars. Your response must "
            + "have exactly 3 paragraphs. Wrap it in double quotation marks.",
    ];

    private readonly MeasuredPrompts _measured = new(
        s_benchmark.Select((text, i) => new MeasuredPrompt($"benchmark {i}", text))
    );

    public static TheoryData<string> Changes =>
        ["nothing", "case and signs", "replaced", "evenly replaced", "inserted", "left out", "swapped", "in a frame"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_copy_with_ten_words_changed_is_found(string change)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            for (int i = 0; i < s_benchmark.Length; i++)
            {
                string copy = Changed(s_benchmark[i], change, s_filler, new SeededRandom((ulong)seed));
                Assert.True(_measured.FindNear(copy)?.Prompt == $"benchmark {i}", $"{seed}: {copy}");
            }
        }
    }

    [Theory]
    [InlineData("Write a poem about rain. Your response should be in all lowercase letters. Do not use any commas.")]
    [InlineData("Name a fish. Your response must have exactly 3 paragraphs. Wrap it in double quotation marks.")]
    [InlineData("How do astronauts sleep on their way to Mars?")]
    [InlineData("Write an encouraging letter to a student who failed an exam.")]
    [InlineData("")]
    [InlineData("?!")]
    public void What_only_asks_for_the_same_form_or_subject_is_no_copy(string prompt) =>
        Assert.Null(_measured.FindNear(prompt));

    [Fact]
    public void Short_prompts_are_near_to_the_same_text_alone()
    {
        MeasuredPrompts measured = new([new MeasuredPrompt("a", "Say hello, please."), new MeasuredPrompt("b", "42?")]);
        Assert.Equal("a", measured.FindNear("say HELLO please")?.Prompt);
        Assert.Equal("b", measured.FindNear("42")?.Prompt);
        Assert.Null(measured.FindNear("Could you say hello, please, to my 42 friends?"));
    }

    [Fact]
    public void Scripts_without_blanks_are_compared_by_their_characters()
    {
        string text = "请写一封信给住在山上的祖母告诉她今年夏天我们会坐火车去看她并且带上三种不同的茶叶";
        MeasuredPrompts measured = new([new MeasuredPrompt("a", text)]);
        Assert.Equal("a", measured.FindNear(text.Replace("夏天", "冬季").Replace("火车", "轮船") + "吧")?.Prompt);
        Assert.Null(measured.FindNear("请写一首诗描写秋天的海边和一位正在钓鱼的老人"));
    }

    [Fact]
    public void Many_threads_find_what_one_finds()
    {
        string[] texts =
        [
            .. Enumerable.Range(0, 400).Select(i => Changed(
                s_benchmark[i % s_benchmark.Length], Changes.ElementAt(i % 8).Data, s_filler, new SeededRandom((ulong)i))),
            .. s_filler,
        ];
        NearMatch?[] one = [.. texts.Select(_measured.FindNear)];
        NearMatch?[] many = new NearMatch?[texts.Length];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
            many[i] = _measured.FindNear(texts[i]));
        Assert.Equal(one, many);
        Assert.Contains(one, found => found is not null);
        Assert.Contains(one, found => found is null);
    }

    [Fact]
    public void Copies_of_real_benchmark_prompts_are_found_and_other_benchmarks_are_not()
    {
        string[] real = Texts("ifeval/prompts.jsonl", "prompt");
        MeasuredPrompts measured = new(real.Select((text, i) => new MeasuredPrompt($"{i}", text)));
        string[] vocabulary = [.. real.SelectMany(text => text.Split(' '))];
        foreach (string change in Changes)
        {
            SeededRandom random = new(3);
            int[] long_ = [.. Enumerable.Range(0, real.Length).Where(i => real[i].Split(' ').Length >= 30)];
            int found = long_.Count(i =>
                measured.FindNear(Changed(real[i], change, vocabulary, random)) is not null
            );
            Assert.True(found >= 0.98 * long_.Length, $"{change}: {found} of {long_.Length}");
        }

        Assert.Equal(0, Texts("ifbench/prompts.jsonl", "prompt").Count(text => measured.FindNear(text) is not null));
        int chance = Texts("gsm8k/test.jsonl", "question").Count(text => measured.FindNear(text) is not null);
        Assert.InRange(chance, 0, 3);
    }

    private static string[] Texts(string file, string field)
    {
        string path = SharedData.Path("data", file);
        return
        [
            .. File.ReadLines(path)
                .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty(field).GetString()!),
        ];
    }

    private static string Changed(string text, string change, string[] words, SeededRandom random)
    {
        List<string> copy = [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        for (int i = 0; i < 10; i++)
        {
            string word = words[random.Next(words.Length)];
            int at = random.Next(copy.Count - 1);
            switch (change)
            {
                case "replaced":
                    copy[at] = word;
                    break;
                case "evenly replaced":
                    copy[i * copy.Count / 10] = word;
                    break;
                case "inserted":
                    copy.Insert(at, word);
                    break;
                case "left out":
                    copy.RemoveAt(at);
                    break;
                case "swapped" when i % 2 == 0:
                    (copy[at], copy[at + 1]) = (copy[at + 1], copy[at]);
                    break;
                case "in a frame":
                    copy.Insert(0, word);
                    copy.Add(word);
                    break;
                case "case and signs":
                    copy[at] = copy[at].ToUpperInvariant() + "!";
                    break;
                default:
                    break;
            }
        }

        return string.Join(' ', copy);
    }
}
