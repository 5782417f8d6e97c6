using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spar.Ground.Tests;

public sealed class JsonSettingsTests
{
    private static readonly Example s_example = new(
        "<é> 'x'",
        null,
        DayOfWeek.Monday,
        new Dictionary<string, object?> { ["Key"] = null }
    );

    [Fact]
    public void Stored_lines_are_camel_case_readable_and_without_nulls() =>
        Assert.Equal(
            """{"someText":"<é> 'x'","day":"monday","more":{"Key":null}}""",
            JsonSerializer.Serialize(s_example, JsonSettings.Compact)
        );

    [Fact]
    public void Answers_of_benchmarks_are_snake_case() =>
        Assert.Equal(
            """{"some_text":"<é> 'x'","day":"monday","more":{"Key":null}}""",
            JsonSerializer.Serialize(s_example, JsonSettings.SnakeCaseLines)
        );

    [Fact]
    public void Configuration_files_are_plain_ascii_with_every_key() =>
        Assert.Equal(
            "{\n  \"someText\": \"\\u003C\\u00E9\\u003E \\u0027x\\u0027\",\n  \"maybe\": null,\n  \"day\": \"monday\",\n  \"more\": {\n    \"Key\": null\n  }\n}",
            JsonSerializer.Serialize(s_example, JsonSettings.ReadableEscaped)
        );

    [Fact]
    public void Nodes_keep_their_nulls_in_every_layout()
    {
        JsonObject node = new() { ["A"] = null, ["b"] = 1.0 };
        Assert.Equal("""{"A":null,"b":1}""", node.ToJsonString(JsonSettings.Compact));
        Assert.Equal("{\n  \"A\": null,\n  \"b\": 1\n}", node.ToJsonString(JsonSettings.Readable));
    }

    [Theory]
    [InlineData("""{"someText": "x", "day": 1, "more": {}, "other": 1}""")]
    [InlineData("""{"day": 1, "more": {}}""")]
    [InlineData("""{"someText": null, "day": 1, "more": {}}""")]
    public void What_people_write_is_read_strictly(string text) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Example>(text, JsonSettings.Strict));

    [Fact]
    public void What_people_write_may_have_comments_and_trailing_commas() =>
        Assert.Equal(
            "x",
            JsonSerializer
                .Deserialize<Example>(
                    """{"someText": "x", /* why */ "maybe": "y", "day": 1, "more": {},}""",
                    JsonSettings.Strict
                )!
                .SomeText
        );

    private sealed record Example(
        string SomeText,
        string? Maybe,
        DayOfWeek Day,
        IReadOnlyDictionary<string, object?> More
    );
}
