using Spar.Ground;

namespace Spar.Nano.Tests;

public class SplitTests
{
    private static readonly CorpusFormat s_format = new()
    {
        JudgePrompt = (instruction, response) => $"{instruction}|{response}",
        RefinePrompt = (instruction, response, critique) => $"{instruction}|{response}|{critique}",
        RefineOutput = (reflection, response) => $"{reflection}|{response}",
        VerdictMarker = "judgement:",
    };

    [Fact]
    public void Held_out_instructions_differ_from_each_other()
    {
        IEnumerable<string> all = HeldOut
            .Tasks(TaskForm.Line)
            .Concat(HeldOut.Tasks(TaskForm.Story))
            .Select(task => task.Instruction);
        Assert.Equal(2 * HeldOut.Count, all.Distinct().Count());
    }

    [Fact]
    public void No_held_out_instruction_occurs_in_the_pretraining_corpus()
    {
        PretrainingCorpus corpus = new(7, [new CorpusMix { Drills = 0.2 }], s_format);
        for (int i = 0; i < 20_000; i++)
        {
            string instruction = corpus.Row(i).Prompt.Split('|')[0];
            Assert.False(HeldOut.Contains(instruction), instruction);
        }
    }

    [Fact]
    public void No_held_out_instruction_occurs_among_training_prompts()
    {
        HashSet<string> seen = [];
        foreach (NanoTask task in TrainingTasks.Draw(seed: 3, count: 20_000, TaskForm.Line))
        {
            Assert.False(HeldOut.Contains(task.Instruction), task.Instruction);
            Assert.True(seen.Add(task.Instruction), "drawn twice: " + task.Instruction);
        }
    }

    [Fact]
    public void Single_constraint_instructions_do_collide_so_that_the_exclusion_matters()
    {
        HashSet<string> drawn = [];
        for (ulong i = 0; i < 60_000; i++)
        {
            drawn.Add(TaskSampler.Draw(SeededRandom.Scrambled(i), TaskForm.Line).Instruction);
        }

        Assert.Contains(HeldOut.Tasks(TaskForm.Line), task => drawn.Contains(task.Instruction));
    }

    [Fact]
    public void The_corpus_balances_verdicts_and_depends_on_seed_and_index_alone()
    {
        PretrainingCorpus corpus = new(7, [new CorpusMix { Drills = 0.2 }], s_format);
        CorpusRow[] rows = [.. Enumerable.Range(0, 4000).Select(i => corpus.Row(i))];
        CorpusRow[] judgements = [.. rows.Where(row => row.Kind == "judge")];
        Assert.InRange(
            judgements.Count(row => row.Response.EndsWith("yes", StringComparison.Ordinal)) / (double)judgements.Length,
            0.3,
            0.6
        );
        Assert.Equal(rows[1234], new PretrainingCorpus(7, [new CorpusMix { Drills = 0.2 }], s_format).Row(1234));
        Assert.NotEqual(rows[1234], new PretrainingCorpus(8, [new CorpusMix { Drills = 0.2 }], s_format).Row(1234));
    }
}
