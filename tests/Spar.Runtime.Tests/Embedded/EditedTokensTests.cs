using Spar.Engine.Training;
using Spar.Runtime.Embedded;

namespace Spar.Runtime.Tests.Embedded;

/// <summary>What is learnt of a response that rules edited.</summary>
public sealed class EditedTokensTests
{
    private const int End = 9;

    [Theory]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 5, 6, End }, new[] { 0f, 0, 0, 1 })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 7, 8, 5, 6, End }, new[] { 0f, 1, 1, 0, 0, 1 })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 6, End }, new[] { 0f, 1, 1 })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 7, 6, End }, new[] { 0f, 1, 0, 1 })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 7, 8, End }, new[] { 1f, 1, 1 })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 5 }, new[] { 0f, 0 })]
    public void What_an_edit_put_there_counts_and_the_end_of_the_turn(int[] own, int[] edited, float[] weights)
    {
        TrainingSequence row = EditedTokens.Weighted(Row(edited), Row(own), 0);
        Assert.Equal([0, 0, .. weights], row.Weights!);
        Assert.Equal([1, 2, .. edited], row.Tokens);
    }

    [Fact]
    public void What_the_model_wrote_itself_has_the_given_weight()
    {
        TrainingSequence row = EditedTokens.Weighted(Row(4, 7, 5, End), Row(4, 5, End), 0.25f);
        Assert.Equal([0, 0, 0.25f, 1, 0.25f, 1], row.Weights!);
    }

    private static TrainingSequence Row(params int[] response) => new([1, 2, .. response], 2);
}
