using Spar.Runtime.Trainers;

namespace Spar.Runtime.Tests.Trainers;

/// <summary>What trainers print when they fail, and what is read out of it.</summary>
public sealed class TrainerWordsTests
{
    private const string Chain = """
        Traceback (most recent call last):
          File "a.py", line 1, in load
            raise KeyError("x")
        KeyError: 'x'

        During handling of the above exception, another exception occurred:

        Traceback (most recent call last):
          File "b.py", line 9, in <module>
            main()
        ValueError: Please use FORCE_TORCHRUN=1 to launch DeepSpeed training.
        """;

    [Fact]
    public void Of_faults_that_led_to_each_other_the_last_counts() => Assert.Equal(
        "ValueError: Please use FORCE_TORCHRUN=1 to launch DeepSpeed training.", TrainerWords.Traceback(Chain));

    [Fact]
    public void Torchruns_own_report_is_not_the_cause() => Assert.Equal(
        "ValueError: bad",
        TrainerWords.Traceback("""
            [rank0]: Traceback (most recent call last):
            [rank0]:   File "x.py", line 3, in <module>
            [rank0]: ValueError: bad
            Traceback (most recent call last):
              File "run.py", line 3, in main
            torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
            ============================================================
            """));

    [Theory]
    [InlineData("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.")]
    [InlineData("RuntimeError: [enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory")]
    [InlineData("slurmstepd: error: Detected 1 oom_kill event in StepId=12.batch.")]
    public void Memory_that_ran_out_is_seen(string line) =>
        Assert.Equal(line, TrainerWords.OutOfMemory($"before\n{line}\nafter"));

    [Theory]
    [InlineData("node.sh: line 4: llamafactory-cli: command not found", 127)]
    [InlineData("ModuleNotFoundError: No module named 'trl'", 1)]
    [InlineData("FileNotFoundError: [Errno 2] No such file or directory: 'torchrun'", 1)]
    public void A_program_that_is_not_there_is_seen(string line, int code) =>
        Assert.Equal(line, TrainerWords.CommandMissing($"before\n{line}\n", code));

    [Fact]
    public void Without_a_traceback_there_is_none()
    {
        Assert.Null(TrainerWords.Traceback("all is well\n"));
        Assert.Null(TrainerWords.OutOfMemory("loss 0.1 with memory to spare\n"));
        Assert.Equal("all is well", TrainerWords.LastLine("x\nall is well\n\n"));
    }

    [Fact]
    public void Rows_that_are_learnt_and_left_out_are_read()
    {
        const string Printed = "[INFO|trainer.py:2410] >>   Num examples = 43,210\nDropped invalid example: []\nother\n";
        Assert.Equal(43210, TrainerLog.ExamplesIn(Printed));
        Assert.Equal(["Dropped invalid example: []"], TrainerLog.DroppedIn(Printed));
        Assert.Null(TrainerLog.ExamplesIn("nothing yet"));
    }
}
