using System.Globalization;
using Spar.Ground;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>
/// One line that tells how the work in hand goes: what, how much of it, tokens a second, time left. On a terminal the
/// line is drawn in place several times a second once the work has taken a second; elsewhere a whole plain line
/// is written every ten seconds for work that has taken five. With <see cref="CommandContext.Quiet"/> it shows
/// nothing but warnings.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private const int NameWidth = 26;

    // Lines beneath the first: on a terminal, and beside it where there is none.
    private const int MostBeneath = 12, MostBeside = 4;

    private readonly CommandContext _context;
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly bool _live;
    private readonly ITimer? _timer;
    private readonly Lock _gate = new();
    private readonly TimeLeft _timeLeft = new();
    private string? _what;
    private long _done;
    private long _total;
    private long _tokens;
    private string _note = "";
    private long _started;
    private long _part;
    private int _drawn;

    /// <summary>A line on the context's console for messages.</summary>
    /// <param name="context">The console, the clock, and whether anything is shown.</param>
    public ProgressLine(CommandContext context)
    {
        (_context, _console, _time) = (context, context.Messages, context.Time);
        _live = _console.Profile.Capabilities is { Interactive: true, Ansi: true };
        TimeSpan period = TimeSpan.FromSeconds(_live ? 0.2 : 10);
        _timer = context.Quiet ? null : _time.CreateTimer(_ => Draw(), null, period, period);
    }

    /// <summary>
    /// What is told beneath the line each time: the first stands for all where there is no terminal to draw on.
    /// </summary>
    public Func<IReadOnlyList<string>>? Beneath { get; set; }

    /// <summary>Begins a piece of work.</summary>
    /// <param name="what">Its name.</param>
    /// <param name="total">Items in all; 0 when unknown.</param>
    public void Begin(string what, long total)
    {
        lock (_gate)
        {
            (_what, _total, _done, _tokens, _note) = (HarmlessText.Of(what), total, 0, 0, "");
            _started = _part = _time.GetTimestamp();
            _timeLeft.Clear();
        }
    }

    /// <summary>More items are done.</summary>
    public void Advance(long items = 1) => Interlocked.Add(ref _done, items);

    /// <summary>More tokens were generated or trained on.</summary>
    public void AddTokens(long tokens) => Interlocked.Add(ref _tokens, tokens);

    /// <summary>
    /// Sets where the work stands as a whole, for work that counts itself; where fewer items are done than before, its
    /// next part begins.
    /// </summary>
    public void Set(long done, long total, long tokens, string note)
    {
        lock (_gate)
        {
            if (done < _done)
            {
                _timeLeft.Clear();
                _part = _time.GetTimestamp();
            }

            (_done, _total, _tokens, _note) = (done, total, tokens, HarmlessText.Of(note));
        }
    }

    /// <summary>Writes a line that stays, unless the context is quiet.</summary>
    /// <param name="markup">The line.</param>
    public void Say(string markup)
    {
        if (!_context.Quiet)
        {
            Write(markup);
        }
    }

    /// <summary>Writes a warning, which stays.</summary>
    /// <param name="text">Plain text.</param>
    public void Warn(string text) => Write($"[yellow]warning:[/] {Markup.Escape(text)}");

    /// <summary>
    /// Writes a line that stays about a piece of work. Names and times stand in columns; what follows goes on under
    /// itself where the window is too narrow for one line, and under the name where it is too narrow for columns.
    /// </summary>
    /// <param name="name">The piece of work.</param>
    /// <param name="time">How long it took; empty where that is not known.</param>
    /// <param name="details">What is to be said of it.</param>
    public void SayRow(string name, string time, string details)
    {
        string head = $"  {name,-NameWidth} {time,6}";
        int width = Math.Max(20, _console.Profile.Width - 1);
        int indent = width >= 72 ? head.Length + 2 : 4;
        List<string> lines = [head.TrimEnd()];
        foreach (string word in details.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int begin = lines.Count == 1 ? head.Length + 2 : indent;
            bool fits = Math.Max(lines[^1].Length + 1, begin) + word.Length <= width;
            if (!fits)
            {
                lines.Add(new string(' ', indent) + word);
            }
            else
            {
                lines[^1] = lines[^1].Length < begin ? lines[^1].PadRight(begin) + word : $"{lines[^1]} {word}";
            }
        }

        Say(Markup.Escape(string.Join('\n', lines)));
    }

    /// <summary>Ends the piece of work.</summary>
    /// <returns>Its time and tokens.</returns>
    public (TimeSpan Elapsed, long Tokens) End()
    {
        lock (_gate)
        {
            Erase();
            _what = null;
            return (_time.GetElapsedTime(_started), _tokens);
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _what = null;
            Erase();
        }
    }

    /// <summary>A duration as people read it: 45s, 3m05s, 1h02m.</summary>
    public static string Duration(TimeSpan time) =>
        time switch
        {
            { TotalSeconds: < 60 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{Math.Floor(time.TotalSeconds):0}s"
            ),
            { TotalMinutes: < 60 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{(int)time.TotalMinutes}m{time.Seconds:00}s"
            ),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes:00}m"),
        };

    /// <summary>A count as people read it: 950, 12.3k, 4.5M.</summary>
    public static string Count(double count) =>
        count switch
        {
            < 1000 => string.Create(CultureInfo.InvariantCulture, $"{count:0}"),
            < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.0}k"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.0}M"),
        };

    private void Write(string markup)
    {
        lock (_gate)
        {
            Erase();
            _console.MarkupLine(markup);
        }
    }

    private void Draw()
    {
        lock (_gate)
        {
            if (_what is null)
            {
                return;
            }

            TimeSpan elapsed = _time.GetElapsedTime(_started);
            TimeSpan? left = _timeLeft.After(elapsed, Interlocked.Read(ref _done), _total);
            if (elapsed < TimeSpan.FromSeconds(_live ? 1 : 5))
            {
                return;
            }

            IReadOnlyList<string> beneath = [.. (Beneath?.Invoke() ?? []).Select(HarmlessText.Of)];
            if (!_live)
            {
                string first = Line(elapsed, left, bar: false);
                string more = beneath.Count > MostBeside + 1 ? beneath[0] : string.Join("; ", beneath);
                _console.WriteLine(more.Length > 0 ? $"{first}  {more}" : first);
                return;
            }

            int width = Math.Max(20, _console.Profile.Width - 1);
            int most = Math.Max(0, Math.Min(MostBeneath, _console.Profile.Height - 3));
            string[] lines =
            [
                Line(elapsed, left, bar: width >= 70),
                .. beneath.Take(most).Select((line, i) => i == 0 ? $"  {line}" : $"    {line}"),
                .. beneath.Count > most && most > 0 ? [$"    and {beneath.Count - most} more"] : Array.Empty<string>(),
            ];
            string text = string.Join('\n', lines.Select(line => line.Length > width ? line[..width] : line));
            Erase(flush: false);
            _console.Profile.Out.Writer.Write(text);
            _console.Profile.Out.Writer.Flush();
            _drawn = lines.Length;
        }
    }

    private string Line(TimeSpan elapsed, TimeSpan? left, bool bar)
    {
        double seconds = _time.GetElapsedTime(_part).TotalSeconds;
        string line = bar ? $"  {_what,-NameWidth}" : $"  {_what}";
        if (_total > 0)
        {
            int filled = (int)Math.Round(20 * Math.Min(1, _done / (double)_total));
            line += bar
                ? $" {new string('━', filled)}{new string('╌', 20 - filled)} {_done}/{_total}"
                : $" {_done}/{_total}";
        }
        else
        {
            line += $" {Duration(elapsed)}";
        }

        if (left is { } time)
        {
            line += $"  ETA {Duration(time)}";
        }

        if (_tokens > 0 && seconds > 0.5)
        {
            line += $"  {Count(_tokens / seconds)} tokens/s";
        }

        return _note.Length > 0 ? $"{line}  {_note}" : line;
    }

    // Up to the first of the lines, clearing each.
    private void Erase(bool flush = true)
    {
        if (_drawn > 0 || !flush)
        {
            TextWriter writer = _console.Profile.Out.Writer;
            writer.Write("\r\u001b[2K");
            for (int i = 1; i < _drawn; i++)
            {
                writer.Write("\u001b[1A\u001b[2K");
            }

            if (flush)
            {
                writer.Flush();
            }

            _drawn = 0;
        }
    }
}
