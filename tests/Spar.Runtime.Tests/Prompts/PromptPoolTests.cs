using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Parquet.Serialization;
using Spar.Runtime.Prompts;
using Spar.Seams;

namespace Spar.Runtime.Tests.Prompts;

public sealed partial class PromptPoolTests : IDisposable
{
    private const string System = "You answer in rhymes.";

    private static readonly string[] s_things =
    [
        "harbour",
        "violin",
        "orchard",
        "glacier",
        "library",
        "market",
        "lantern",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-prompts-").FullName;

    private static readonly string[] s_asked =
    [
        .. Enumerable
            .Range(0, 60)
            .Select(i =>
                $"Write {i} lines about the {s_things[i % s_things.Length]} number {i * 7919 % 101}, with "
                    + "\"quotes\", commas,\nand a break."
            ),
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_same_prompts_in_any_layout_and_order_give_the_same_draw()
    {
        string[] files =
        [
            Lines("a.jsonl", s_asked.Select(text => (object)new { prompt = text, system = System })),
            Lines(
                "b.jsonl",
                s_asked
                    .Reverse()
                    .Select(text =>
                        (object)
                            new
                            {
                                messages = new[]
                                {
                                    new { role = "system", content = System },
                                    new { role = "user", content = text },
                                    new { role = "assistant", content = "ok" },
                                },
                            }
                    )
            ),
            List(
                "c.json",
                s_asked.Select(text =>
                    (object)
                        new
                        {
                            conversations = new[]
                            {
                                new { from = "system", value = System },
                                new { from = "human", value = text },
                                new { from = "gpt", value = "ok" },
                            },
                        }
                )
            ),
            List(
                "d.json",
                s_asked.Select(text =>
                    (object)
                        new
                        {
                            instruction = text.Split('\n')[0],
                            input = text.Split('\n')[1],
                            output = "ok",
                            system = System,
                        }
                )
            ),
            Lines(
                "e.jsonl.gz",
                s_asked.Select(
                    (text, i) =>
                        (object)
                            new
                            {
                                key = 1000 + i,
                                prompt = text,
                                system = System,
                                instruction_id_list = new[] { "punctuation:no_comma" },
                                kwargs = new[] { new { } },
                            }
                )
            ),
            Lines(
                "f.ndjson",
                s_asked.Select(text =>
                    (object)
                        new
                        {
                            prompt = new object[]
                            {
                                new { role = "system", content = System },
                                new { role = "user", content = new[] { new { type = "text", text } } },
                            },
                        }
                )
            ),
            Csv("g.csv", ',', s_asked),
            Csv("h.tsv", '\t', s_asked),
            await ParquetAsync("i.parquet"),
            await NestedParquetAsync("j.parquet"),
        ];
        string[][] drawn =
        [
            .. files.Select(file =>
                PromptPool.Draw([file], 40, 7, 1, null, default).Prompts.Select(row => row.Conversation).ToArray()
            ),
        ];
        Assert.All(drawn, draw => Assert.Equal(drawn[0], draw));
        Assert.Equal(40, drawn[0].Distinct().Count());
        Assert.Equal(drawn[0], PromptPool.Draw(files, 40, 7, 1, null, default).Prompts.Select(row => row.Conversation));
        Assert.Equal(
            drawn[0][..15],
            PromptPool.Draw(files, 15, 7, 1, null, default).Prompts.Select(row => row.Conversation)
        );
        Assert.NotEqual(
            drawn[0],
            PromptPool.Draw(files, 40, 8, 1, null, default).Prompts.Select(row => row.Conversation)
        );
    }

    [Fact]
    public void Near_duplicates_are_left_out_and_counted_however_many_there_are()
    {
        // Each text comes in 30 versions that differ in one of 40 words.
        IEnumerable<object> rows = Enumerable
            .Range(0, 10)
            .SelectMany(text =>
                Enumerable
                    .Range(0, 30)
                    .Select(version =>
                        (object)
                            new
                            {
                                prompt = string.Join(
                                    ' ',
                                    Enumerable
                                        .Range(0, 40)
                                        .Select(word => word == 39 ? $"v{version}" : $"t{text}w{word}")
                                ),
                            }
                    )
            );
        PromptPool pool = PromptPool.Draw([Lines("a.jsonl", rows)], 10, 1, 0.8, null, default);
        Assert.Equal(10, pool.Prompts.Count);
        Assert.Equal(10, pool.Prompts.Select(row => row.Text[..3]).Distinct().Count());
        Assert.True(pool.Report.NearDuplicates > 0);
    }

    [Fact]
    public void Texts_that_differ_in_case_and_signs_alone_are_the_same()
    {
        PromptPool pool = PromptPool.Draw(
            [Lines("a.jsonl", ["Write a line!", "write  A line.", "Write a line?\u00A0", "Écris une ligne"])],
            10,
            1,
            1,
            null,
            default
        );
        Assert.Equal(2, pool.Prompts.Count);
        Assert.Equal(2, pool.Report.Repeated);
    }

    [Fact]
    public void Earlier_turns_are_the_context_of_the_last_user_turn()
    {
        PromptRow row = Assert.Single(
            PromptPool
                .Draw(
                    [
                        Lines(
                            "a.jsonl",
                            [
                                new
                                {
                                    id = 5,
                                    messages = new[]
                                    {
                                        new { role = "user", content = "Hi" },
                                        new { role = "assistant", content = "Hello" },
                                        new { role = "user", content = "Sing" },
                                    },
                                },
                            ]
                        ),
                    ],
                    1,
                    1,
                    1,
                    null,
                    default
                )
                .Prompts
        );
        Assert.Equal(("5", "Sing", null), (row.Id, row.Text, row.Response));
        Assert.Equal([new ChatTurn("user", "Hi"), new ChatTurn("assistant", "Hello")], row.Context);
        row = Assert.Single(
            PromptPool
                .Draw(
                    [
                        Lines(
                            "b.jsonl",
                            [
                                new
                                {
                                    instruction = "Sing",
                                    history = new[] { new[] { "Hi", "Hello" } },
                                    output = "La",
                                },
                            ]
                        ),
                    ],
                    1,
                    1,
                    1,
                    null,
                    default
                )
                .Prompts
        );
        Assert.Equal(("Sing", "La", 2), (row.Text, row.Response, row.Context.Count));
    }

    [Theory]
    [InlineData("{\"text\": \"x\"}", "line 1", "prompt, messages, conversations or instruction")]
    [InlineData("{\"prompt\": \"\"}", "line 1", "empty")]
    [InlineData("{\"prompt\": \" \\n\"}", "line 1", "empty")]
    [InlineData("{\"prompt\": 5}", "line 1", "field prompt must be a text")]
    [InlineData("{\"messages\": []}", "line 1", "no user turn")]
    [InlineData("{\"messages\": [{\"role\": \"system\", \"content\": \"x\"}]}", "line 1", "no user turn")]
    [InlineData("{\"messages\": [{\"role\": \"tool\", \"content\": \"x\"}]}", "line 1", "role tool")]
    [InlineData("{\"messages\": [\"x\"]}", "line 1", "role and content")]
    [InlineData(
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]}",
        "line 1",
        "no text"
    )]
    [InlineData("{\"prompt\": \"x\", \"id\": 1}\n{\"prompt\": \"y\", \"id\": \"1\"}", "line 2", "id 1 is there twice")]
    [InlineData("{\"prompt\": \"x\", \"instruction_id_list\": [\"a\"], \"kwargs\": []}", "line 1", "kwargs")]
    [InlineData("{\"prompt\": \"x\"}\nnot json", "line 2", "not valid JSON")]
    [InlineData("[{\"prompt\": \"x\"}, 5]", "row 2", "JSON object")]
    [InlineData("[{\"prompt\": \"x\"}, {\"prompt\"", "row ", "not valid JSON")]
    public void A_faulty_row_is_named(string text, string place, string words)
    {
        string file = Path.Combine(_folder, "rows.json");
        File.WriteAllText(file, text);
        SparException fault = Assert.Throws<SparException>(() => PromptPool.Draw([file], 10, 1, 1, null, default));
        Assert.Contains($"{file}, {place}", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("a.csv", "prompt\n\"open", "never closed")]
    [InlineData("a.csv", "prompt,id\nx\n", "names 2")]
    [InlineData("a.csv", "", "empty")]
    [InlineData("a.parquet", "PAR1 and no more", "cannot be read as Parquet")]
    [InlineData("a.docx", "x", ".jsonl, .json, .csv")]
    [InlineData("missing/a.jsonl", null, "no such file")]
    public void A_faulty_file_is_named(string name, string? text, string words)
    {
        string file = Path.Combine(_folder, name);
        if (text is not null)
        {
            File.WriteAllText(file, text);
        }

        SparException fault = Assert.Throws<SparException>(() => PromptPool.Draw([file], 10, 1, 1, null, default));
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void A_byte_order_mark_tells_the_encoding(string encoding)
    {
        string lines = Path.Combine(_folder, "rows.jsonl");
        string list = Path.Combine(_folder, "list.json");
        File.WriteAllText(lines, "{\"prompt\": \"Schreibe über 🙂\"}\n", Encoding.GetEncoding(encoding));
        File.WriteAllText(list, "[{\"prompt\": \"Schreibe über 🙂\"}]", Encoding.GetEncoding(encoding));
        Assert.Equal("Schreibe über 🙂", Assert.Single(PromptPool.Draw([lines], 1, 1, 1, null, default).Prompts).Text);
        Assert.Equal("Schreibe über 🙂", Assert.Single(PromptPool.Draw([list], 1, 1, 1, null, default).Prompts).Text);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_becomes_the_replacement_character()
    {
        string file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(file, "{\"prompt\": \"a \\ud83d b\"}\n{\"prompt\": \"c \\ud83d\\ude42\"}\n");
        Assert.Equal(
            ["a \uFFFD b", "c 🙂"],
            PromptPool.Draw([file], 2, 1, 1, null, default).Prompts.Select(row => row.Text).Order()
        );
    }

    private string Lines(string name, IEnumerable<object> rows) =>
        Write(
            name,
            string.Concat(
                rows.Select(row => JsonSerializer.Serialize(row is string text ? new { prompt = text } : row) + "\n")
            )
        );

    private string List(string name, IEnumerable<object> rows) => Write(name, JsonSerializer.Serialize(rows));

    private string Csv(string name, char separator, IEnumerable<string> texts) =>
        Write(
            name,
            $"system{separator}prompt\r\n"
                + string.Concat(texts.Select(text => $"{System}{separator}\"{text.Replace("\"", "\"\"")}\"\r\n"))
        );

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        using Stream stream = File.Create(path);
        using Stream target = name.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(stream, CompressionLevel.Fastest)
            : stream;
        target.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }

    private async Task<string> ParquetAsync(string name)
    {
        string path = Path.Combine(_folder, name);
        await ParquetSerializer.SerializeAsync(
            s_asked.Select(text => new FlatRow { prompt = text, system = System }),
            path
        );
        return path;
    }

    private async Task<string> NestedParquetAsync(string name)
    {
        string path = Path.Combine(_folder, name);
        await ParquetSerializer.SerializeAsync(
            s_asked.Select(text => new NestedRow
            {
                score = 1,
                messages = [new Turn { role = "system", content = System }, new Turn { role = "user", content = text }],
            }),
            path
        );
        return path;
    }

    // Columns are named as properties are.
#pragma warning disable IDE1006, SA1300
    public sealed class FlatRow
    {
        public string? prompt { get; set; }

        public string? system { get; set; }
    }

    public sealed class NestedRow
    {
        public double score { get; set; }

        public List<Turn>? messages { get; set; }
    }

    public sealed class Turn
    {
        public string? role { get; set; }

        public string? content { get; set; }
    }
#pragma warning restore IDE1006, SA1300
}
