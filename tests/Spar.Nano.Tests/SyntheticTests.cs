using FsCheck.Fluent;
using Spar.Ground;
using Spar.Nano.Synthetic;

namespace Spar.Nano.Tests;

public class SyntheticTests
{
    [Theory]
    [InlineData("bbbGG", true)]
    [InlineData("GGBBB", true)]
    [InlineData("gbgbb\n", true)]
    [InlineData("bbbg", false)]
    [InlineData("bbbggg", false)]
    [InlineData("bbbgc", false)]
    [InlineData("bbb gg", false)]
    [InlineData("", false)]
    public void Letters_are_counted_whatever_their_case_and_order(string response, bool right)
    {
        LetterTask task = new([('b', 3), ('g', 2)]);
        Assert.Equal("write the letters 3b and 2g.", task.Instruction);
        Assert.Equal(right, task.IsSatisfiedBy(response));
    }

    [Theory]
    [InlineData("the crab sleeps. a gull sings. one boat moves now.", true)]
    [InlineData("the crab sleeps. one boat moves now.", false)]
    [InlineData("the crab waits. a gull sings. one boat moves now.", false)]
    [InlineData("the crab sleeps. a gull sings. one boat moves now. a wave falls.", false)]
    [InlineData("the crab sleeps. a gull sings. one boat moves.", false)]
    [InlineData("", false)]
    public void A_framed_story_has_both_ends_and_something_between(string response, bool right)
    {
        FramedStoryTask task = new("sea", ["the", "crab", "sleeps"], ["one", "boat", "moves", "now"]);
        Assert.Equal(
            "tell me a story about the sea. begin with: the crab sleeps. end with: one boat moves now.",
            task.Instruction
        );
        Assert.Equal(right, task.IsSatisfiedBy(response));
    }

    [Fact]
    public void Chosen_sides_are_right_and_rejected_sides_are_wrong() =>
        Property(seed =>
        {
            SeededRandom random = SeededRandom.Scrambled((ulong)seed);
            foreach (
                ISyntheticTask task in new ISyntheticTask[] { LetterTask.Draw(random), FramedStoryTask.Draw(random) }
            )
            {
                SyntheticPairs pairs = task.WritePairs(random);
                Assert.True(task.IsSatisfiedBy(task.Write(random)));
                foreach (SyntheticPair pair in new[] { pairs.Refined, pairs.Interfering })
                {
                    Assert.True(task.IsSatisfiedBy(pair.Chosen), $"{task.Instruction} -> {pair.Chosen}");
                    Assert.False(task.IsSatisfiedBy(pair.Rejected), $"{task.Instruction} -> {pair.Rejected}");
                }
            }
        });

    [Fact]
    public void Letter_pairs_have_the_same_mistakes_and_only_interfering_ones_differ_in_case() =>
        Property(seed =>
        {
            SeededRandom random = SeededRandom.Scrambled((ulong)seed);
            SyntheticPairs pairs = LetterTask.Draw(random).WritePairs(random);
            Assert.Equal(
                LetterTask.UpperCaseShare(pairs.Refined.Rejected),
                LetterTask.UpperCaseShare(pairs.Refined.Chosen)
            );
            Assert.True(LetterTask.UpperCaseShare(pairs.Refined.Chosen) is 0 or 1);
            Assert.Equal(pairs.Refined.Chosen.ToUpperInvariant(), pairs.Interfering.Chosen);
            Assert.Equal(pairs.Refined.Rejected.ToLowerInvariant(), pairs.Interfering.Rejected);
        });

    [Fact]
    public void Story_pairs_have_the_same_mistakes_and_only_refined_ones_share_the_middle() =>
        Property(seed =>
        {
            SeededRandom random = SeededRandom.Scrambled((ulong)seed);
            SyntheticPairs pairs = FramedStoryTask.Draw(random).WritePairs(random);
            Assert.Equal(pairs.Refined.Rejected, pairs.Interfering.Rejected);
            Assert.Equal(Middle(pairs.Refined.Rejected), Middle(pairs.Refined.Chosen));
            Assert.DoesNotContain(
                Middle(pairs.Interfering.Rejected).Zip(Middle(pairs.Interfering.Chosen)),
                pair => pair.First == pair.Second
            );
            Assert.Equal(Ends(pairs.Refined.Chosen), Ends(pairs.Interfering.Chosen));

            static string[] Middle(string story) => story.Split('.')[1..^2];
            static (string, string) Ends(string story) => (story.Split('.')[0], story.Split('.')[^2]);
        });

    [Fact]
    public void Chance_decides_the_case_of_good_answers()
    {
        SeededRandom random = SeededRandom.Scrambled(5);
        double[] shares =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(_ => LetterTask.UpperCaseShare(LetterTask.Draw(random).Write(random))!.Value),
        ];
        Assert.InRange(shares.Average(), 0.4, 0.6);
        Assert.Null(LetterTask.UpperCaseShare("12 -"));
    }

    [Fact]
    public void Training_tasks_are_distinct_and_never_held_out()
    {
        foreach (SyntheticTasks tasks in new[] { SyntheticTasks.Letters, SyntheticTasks.Stories })
        {
            string[] heldOut = [.. tasks.HeldOut.Select(task => task.Instruction)];
            string[] training = [.. tasks.Training(9, 3000).Select(task => task.Instruction)];
            Assert.Equal(SyntheticTasks.HeldOutCount, heldOut.Distinct().Count());
            Assert.Equal(3000, training.Distinct().Count());
            Assert.Empty(training.Intersect(heldOut));
            Assert.Equal(training[..10], tasks.Training(9, 10).Select(task => task.Instruction));
        }
    }

    private static void Property(Action<int> check) =>
        FsCheck.Check.One(
            FsCheck.Config.QuickThrowOnFailure,
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), check)
        );
}
