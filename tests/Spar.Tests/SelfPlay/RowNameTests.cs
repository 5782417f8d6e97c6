using System.Text.Json;
using Spar.Ground;
using Spar.SelfPlay;

namespace Spar.Tests.SelfPlay;

public sealed class RowNameTests
{
    [Fact]
    public void Rows_are_ordered_as_a_run_makes_them()
    {
        RowName[] rows = [RowName.Base, RowName.Sft, RowName.Iteration(1), RowName.Iteration(2), RowName.Iteration(10)];
        Assert.Equal(rows, rows.Reverse().Order());
        Assert.Equal([null, null, 1, 2, 10], rows.Select(row => row.IterationNumber));
        Assert.Equal((RowName.Sft, RowName.Iteration(3)), (RowName.Last(0), RowName.Last(3)));
    }

    [Theory]
    [InlineData("base")]
    [InlineData("sft")]
    [InlineData("iteration-1")]
    [InlineData("iteration-12")]
    public void A_name_reads_back_from_text_and_from_json(string name)
    {
        Assert.Equal(name, RowName.Parse(name).ToString());
        string json = JsonSerializer.Serialize(RowName.Parse(name), JsonSettings.Compact);
        Assert.Equal($"\"{name}\"", json);
        Assert.Equal(RowName.Parse(name), JsonSerializer.Deserialize<RowName>(json, JsonSettings.Compact));
    }

    [Theory]
    [InlineData("")]
    [InlineData("iteration-0")]
    [InlineData("iteration--1")]
    [InlineData("iteration-x")]
    [InlineData("iteration")]
    public void Anything_else_is_no_row(string name)
    {
        Assert.Throws<FormatException>(() => RowName.Parse(name));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<RowName>($"\"{name}\"", JsonSettings.Compact));
    }
}
