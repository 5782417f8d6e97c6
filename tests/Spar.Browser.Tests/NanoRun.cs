using Spar.Cli;
using Spar.Cli.Console;
using Spectre.Console;

namespace Spar.Browser.Tests;

/// <summary>A small run of the shipped recipe, at work in this process until it is disposed of.</summary>
internal sealed class NanoRun : IAsyncDisposable
{
    private static readonly string[] s_small =
    [
        "--set", "sft_prompts=16", "--set", "refiner_prompts=8", "--set", "iterations=2", "--set", "prompts_per_iteration=120",
        "--set", "nano.held_out_prompts=20", "--set", "nano.held_out_repairs=5",
    ];

    private readonly StringWriter _messages = new();
    private readonly DirectoryInfo _work = System.IO.Directory.CreateTempSubdirectory("spar-browser-");
    private readonly CancellationTokenSource _ends = new();
    private readonly Task<int> _task;

    public NanoRun()
    {
        Directory = Path.Combine(_work.FullName, "seen <b>at work</b>");
        CommandContext context = new(
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }),
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Synchronized(_messages)) }),
            TextReader.Null,
            TimeProvider.System);
        _task = Task.Run(() => CommandLine.Create(context).Parse(["run", "quickstart-votes", "--output", Directory, "--quiet", .. s_small])
            .InvokeAsync(new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false }, _ends.Token));
    }

    /// <summary>The run directory; its name is none of the harmless ones.</summary>
    public string Directory { get; }

    /// <summary>Returns when the run has begun to keep things.</summary>
    public async Task BegunAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(100));
        while (!File.Exists(Path.Combine(Directory, "run.log")))
        {
            Assert.False(_task.IsCompleted, _messages.ToString());
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        try
        {
            await _task;
        }
        catch (OperationCanceledException)
        {
            // As it was asked to.
        }

        _ends.Dispose();
        _work.Delete(recursive: true);
    }
}
