using FsCheck.Fluent;
using Spar.Ground;

namespace Spar.Nano.Tests;

public class TaskTests
{
    private static TaskForm Form(int seed) => seed % 3 == 0 ? TaskForm.Story : TaskForm.Line;

    [Fact]
    public void An_instruction_reads_back_as_its_task() =>
        Property(seed =>
        {
            NanoTask task = TaskSampler.Draw(SeededRandom.Scrambled((ulong)seed), Form(seed));
            NanoTask? read = NanoTask.Parse(task.Instruction);
            Assert.NotNull(read);
            Assert.Equal((task.Form, task.Topic), (read.Form, read.Topic));
            Assert.Equal(task.Requirements, read.Requirements);
        });

    [Fact]
    public void A_text_that_is_no_instruction_does_not_parse()
    {
        Assert.Null(NanoTask.Parse("write a poem about the sea."));
        Assert.Null(NanoTask.Parse("write a line about the sea. use exactly many words."));
    }

    [Fact]
    public void The_teacher_satisfies_every_requirement() =>
        Property(seed =>
        {
            SeededRandom random = SeededRandom.Scrambled((ulong)seed);
            NanoTask task = TaskSampler.Draw(random, Form(seed));
            string response = Writer.Write(task, random);
            Assert.True(task.IsSatisfiedBy(response), $"{task.Instruction} -> {response}");
        });

    [Fact]
    public void A_refinement_satisfies_the_task_and_keeps_more_of_the_text_than_a_new_one()
    {
        SeededRandom random = SeededRandom.Scrambled(11);
        double kept = 0,
            independent = 0;
        int refined = 0,
            failed = 0;
        for (int i = 0; i < 300; i++)
        {
            NanoTask task = TaskSampler.Draw(random, TaskForm.Story);
            string response = Writer.Careless(task, random, 0.5);
            if (task.IsSatisfiedBy(response))
            {
                continue;
            }

            string? edited = Editor.Edit(task, response, random);
            if (edited is null)
            {
                failed++;
                continue;
            }

            Assert.True(task.IsSatisfiedBy(edited));
            refined++;
            kept += Overlap(response, edited);
            independent += Overlap(response, Writer.Write(task, random));
        }

        Assert.True(failed < refined / 10);
        Assert.True(kept / refined > 0.8, $"kept {kept / refined:F2}");
        Assert.True(kept / refined > independent / refined + 0.2);
    }

    [Fact]
    public void A_response_that_is_right_is_not_edited()
    {
        SeededRandom random = SeededRandom.Scrambled(3);
        NanoTask task = TaskSampler.Draw(random, TaskForm.Line);
        string response = Writer.Write(task, random);
        Assert.Equal(response, Editor.Edit(task, response, random));
    }

    [Fact]
    public void The_same_seed_gives_the_same_task_and_text() =>
        Property(seed =>
        {
            (string, string) Once()
            {
                SeededRandom random = SeededRandom.Scrambled((ulong)seed);
                NanoTask task = TaskSampler.Draw(random, Form(seed));
                return (task.Instruction, Writer.Careless(task, random, 0.5));
            }

            Assert.Equal(Once(), Once());
        });

    private static double Overlap(string original, string other)
    {
        List<string> rest = [.. other.Split(' ')];
        string[] words = original.Split(' ');
        return words.Count(rest.Remove) / (double)words.Length;
    }

    private static void Property(Action<int> check) =>
        FsCheck.Check.One(
            FsCheck.Config.QuickThrowOnFailure,
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), check)
        );
}
