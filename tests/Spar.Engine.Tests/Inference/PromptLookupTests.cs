using Spar.Engine.Inference;

namespace Spar.Engine.Tests.Inference;

public class PromptLookupTests
{
    [Theory]
    [InlineData("1 2 3 4 5 9 2 3", 3, "4 5 9")] // what followed 2 3
    [InlineData("1 2 3 4 1 2 3 5 7 2 3", 2, "5 7")] // the latest of equals
    [InlineData("8 2 3 4 1 2 3 5 8 2 3", 1, "4")] // the longer match before the later one
    [InlineData("1 2 3 4 3", 4, "")] // one token alone is no match
    [InlineData("1 1 1 1", 5, "1")] // no further than the sequence goes
    [InlineData("1 2", 5, "")]
    [InlineData("5", 5, "")]
    [InlineData("1 2 3 1 2", 0, "")]
    public void What_followed_the_same_words_is_guessed(string ids, int most, string guess)
    {
        int[] draft = new int[most];
        int count = PromptLookup.Guess([.. ids.Split(' ').Select(int.Parse)], draft);
        Assert.Equal(guess, string.Join(' ', draft[..count]));
    }
}
