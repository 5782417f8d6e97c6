using System.Globalization;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>
/// One line that tells how the work in hand goes: what, how much of it, tokens a second, time left. On a terminal the line is drawn in place several times a
/// second; elsewhere a plain line is written every ten seconds.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly bool _live;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private string? _what;
    private long _done;
    private long _total;
    private long _tokens;
    private string _note = "";
    private long _started;
    private bool _drawn;

    public ProgressLine(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
        _live = console.Profile.Capabilities is { Interactive: true, Ansi: true };
        TimeSpan period = TimeSpan.FromSeconds(_live ? 0.2 : 10);
        _timer = time.CreateTimer(_ => Draw(), null, period, period);
    }

    /// <summary>Begins a piece of work.</summary>
    /// <param name="what">Its name.</param>
    /// <param name="total">Items in all; 0 when unknown.</param>
    public void Begin(string what, long total)
    {
        lock (_gate)
        {
            (_what, _total, _done, _tokens, _note, _started) = (what, total, 0, 0, "", _time.GetTimestamp());
        }
    }

    /// <summary>More items are done.</summary>
    public void Advance(long items = 1) => Interlocked.Add(ref _done, items);

    /// <summary>More tokens were generated or trained on.</summary>
    public void AddTokens(long tokens) => Interlocked.Add(ref _tokens, tokens);

    /// <summary>Sets where the work stands as a whole, for work that counts itself.</summary>
    public void Set(long done, long total, long tokens, string note)
    {
        lock (_gate)
        {
            (_done, _total, _tokens, _note) = (done, total, tokens, note);
        }
    }

    /// <summary>Writes a line that stays.</summary>
    public void Say(string markup)
    {
        lock (_gate)
        {
            Erase();
            _console.MarkupLine(markup);
        }
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
        _timer.Dispose();
        lock (_gate)
        {
            Erase();
        }
    }

    /// <summary>A duration as people read it: 45s, 3m05s, 1h02m.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0}s"),
        { TotalMinutes: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m{time.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes:00}m"),
    };

    /// <summary>A count as people read it: 950, 12.3k, 4.5M.</summary>
    public static string Count(double count) => count switch
    {
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{count:0}"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.0}k"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.0}M"),
    };

    private void Draw()
    {
        lock (_gate)
        {
            if (_what is null)
            {
                return;
            }

            string line = Line();
            if (!_live)
            {
                _console.WriteLine(line);
                return;
            }

            int width = Math.Max(20, _console.Profile.Width - 1);
            _console.Profile.Out.Writer.Write("\r\u001b[2K" + (line.Length > width ? line[..width] : line));
            _console.Profile.Out.Writer.Flush();
            _drawn = true;
        }
    }

    private string Line()
    {
        double seconds = _time.GetElapsedTime(_started).TotalSeconds;
        string line = $"  {_what,-20}";
        if (_total > 0)
        {
            double share = Math.Min(1, _done / (double)_total);
            int filled = (int)Math.Round(20 * share);
            line += $" {new string('━', filled)}{new string('╌', 20 - filled)} {_done}/{_total}";
        }

        if (_tokens > 0 && seconds > 0.5)
        {
            line += $"  {Count(_tokens / seconds)} tokens/s";
        }

        if (_total > 0 && _done > 0 && _done < _total && seconds > 1)
        {
            line += $"  ETA {Duration(TimeSpan.FromSeconds(seconds / _done * (_total - _done)))}";
        }

        return _note.Length > 0 ? $"{line}  {_note}" : line;
    }

    private void Erase()
    {
        if (_drawn)
        {
            _console.Profile.Out.Writer.Write("\r\u001b[2K");
            _console.Profile.Out.Writer.Flush();
            _drawn = false;
        }
    }
}
