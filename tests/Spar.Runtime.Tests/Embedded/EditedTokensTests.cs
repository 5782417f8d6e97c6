using Spar.Engine.Training;
using Spar.Runtime.Embedded;

namespace Spar.Runtime.Tests.Embedded;

/// <summary>What is learnt of a response that rules edited.</summary>
public sealed class EditedTokensTests
{
    private const int End = 9;

    [Theory]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 5, 6, End }, new[] { false, false, false, true })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 7, 8, 5, 6, End }, new[] { false, true, true, false, false, true })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 6, End }, new[] { false, true, true })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 7, 6, End }, new[] { false, true, false, true })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 7, 8, End }, new[] { true, true, true })]
    [InlineData(new[] { 4, 5, 6, End }, new[] { 4, 5 }, new[] { false, false })]
    public void What_an_edit_put_there_is_marked_and_the_end_of_the_turn(int[] own, int[] edited, bool[] marked)
    {
        bool[] marks = new bool[edited.Length];
        EditedTokens.Mark(Row(edited), Row(own), marks);
        Assert.Equal(marked, marks);
    }

    private static TrainingSequence Row(params int[] response) => new([1, 2, .. response], 2);
}
