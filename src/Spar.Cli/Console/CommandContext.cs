using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>What commands write to and read from; a process has its console, a test has buffers.</summary>
internal sealed class CommandContext
{
    /// <summary>A context.</summary>
    /// <param name="output">Results: tables, JSON, generated text.</param>
    /// <param name="messages">Progress, warnings and errors.</param>
    /// <param name="input">What the user types or pipes in.</param>
    /// <param name="time">The clock.</param>
    public CommandContext(IAnsiConsole output, IAnsiConsole messages, TextReader input, TimeProvider time)
    {
        (Output, Messages, Input, Time) = (output, messages, input, time);
        HarmlessTextHook harmless = new();
        output.Pipeline.Attach(harmless);
        messages.Pipeline.Attach(harmless);
    }

    /// <summary>Results: tables, JSON, generated text. What is written through it is harmless to a terminal.</summary>
    public IAnsiConsole Output { get; }

    /// <summary>Progress, warnings and errors; as harmless.</summary>
    public IAnsiConsole Messages { get; }

    /// <summary>What the user types or pipes in.</summary>
    public TextReader Input { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Whether only results, warnings and errors are written (<c>--quiet</c>).</summary>
    public bool Quiet { get; set; }

    /// <summary>
    /// What a command leaves open to the end, after what it did was sent to whoever listens; see <see cref="Telemetry"/>.
    /// </summary>
    public List<IDisposable> OpenToTheEnd { get; } = [];

    /// <summary>
    /// The console of this process: results go to standard output, the rest to standard error; colour only on a
    /// terminal, and none where NO_COLOR is set.
    /// </summary>
    public static CommandContext ForProcess() => new(
        ForStream(System.Console.Out, System.Console.IsOutputRedirected),
        ForStream(System.Console.Error, System.Console.IsErrorRedirected),
        System.Console.In,
        TimeProvider.System);

    /// <summary>Writes to standard output as it is, for JSON and other text that scripts read.</summary>
    /// <param name="data">Text without control characters but line breaks: JSON escapes them.</param>
    public void Print(string data)
    {
        Output.Profile.Out.Writer.Write(data);
        Output.Profile.Out.Writer.Flush();
    }

    /// <summary>Says something that is no result on standard error, unless <see cref="Quiet"/>.</summary>
    /// <param name="text">Plain text.</param>
    public void Say(string text)
    {
        if (!Quiet)
        {
            Messages.WriteLine(text);
        }
    }

    /// <summary>Warns on standard error.</summary>
    /// <param name="text">Plain text.</param>
    public void Warn(string text) => Messages.MarkupLineInterpolated($"[yellow]warning:[/] {text}");

    private static IAnsiConsole ForStream(TextWriter stream, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(stream),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            // Nobody's window: lines are not broken for it.
            console.Profile.Width = 1000;
        }

        return console;
    }
}
