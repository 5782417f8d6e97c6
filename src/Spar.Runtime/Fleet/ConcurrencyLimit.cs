namespace Spar.Runtime.Fleet;

/// <summary>
/// How many calls one server is given at once. Where the recipe does not say, the number finds itself: it begins
/// modestly and doubles with each round of answers until the server refuses calls; from then on it grows by one a round.
/// Refusals cut it to what the server holds at that moment, and by half at most; the number that was refused is tried
/// again only after many answers, and ever later while it goes on being refused, so that a server with few slots is not
/// overrun. Single refusals, which occur at any load, are let pass. Answers that come much slower than with few calls hold it or cut it too. Not thread-safe.
/// </summary>
internal sealed class ConcurrencyLimit
{
    private const int Start = 16;

    // Rounds of answers after which a number that was refused is tried again: at first, and at most.
    private const int LeastPatience = 16, MostPatience = 1024;

    // By how much a token may take longer than it ever did before the limit is held, or cut.
    private const double Held = 6, Cut = 12;

    // Share of refusals among the last calls, about so many, from which on the server is taken for full.
    private const double Refusing = 0.3, Memory = 1.0 / 16;

    // Answers that are faster than this say nothing about load.
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(2);

    private readonly int _most;
    private readonly bool _fixed;
    private double _limit;
    private double _floor = 1;
    private int _refused = int.MaxValue;
    private int _patience = LeastPatience;
    private int _answers;
    private double _refusing;
    private bool _careful;
    private double _pace;
    private double _bestPace = double.MaxValue;
    private int _paced;

    /// <summary>A limit.</summary>
    /// <param name="most">Most calls that will ever be in flight, at least 1.</param>
    /// <param name="constant">The limit itself, where it is not to be found; at least 1.</param>
    public ConcurrencyLimit(int most, int? constant = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        _most = most;
        _fixed = constant is not null;
        _limit = constant ?? Math.Min(Start, most);
    }

    /// <summary>Calls that may be in flight now, at least 1.</summary>
    public int Now => (int)_limit;

    /// <summary>Grows with every cut; what a call that began before a cut meets is no news.</summary>
    public int Round { get; private set; }

    /// <summary>A call was answered.</summary>
    /// <param name="inFlight">Calls in flight until now, this one included.</param>
    /// <param name="taken">How long it took.</param>
    /// <param name="tokens">Tokens of the answer; null where the server does not say.</param>
    public void Answered(int inFlight, TimeSpan taken, long? tokens)
    {
        double slowness = Pace(taken, tokens);
        _refusing *= 1 - Memory;
        if (_fixed || inFlight < Now)
        {
            return;
        }

        if (taken > s_slow && slowness > Held)
        {
            if (slowness > Cut && ++_answers >= Now)
            {
                Lower(0.8 * _limit, Round);
            }

            return;
        }

        // Where the next number was refused before, or is on trial, many answers have to come first.
        bool trial = Now >= _refused;
        if (trial || Now + 1 >= _refused)
        {
            if (++_answers < (trial ? 2 : _patience) * Now)
            {
                return;
            }

            _answers = 0;
            if (trial)
            {
                (_refused, _patience) = (int.MaxValue, LeastPatience);
            }
            else
            {
                _limit = Math.Min(_refused, _most);
            }

            return;
        }

        _limit = Math.Min(_limit + (_careful ? 1 / _limit : 1), Math.Min(_most, _refused - 1));
    }

    /// <summary>The server refused a call because it is busy, or did not answer it in time.</summary>
    /// <param name="round">The <see cref="Round"/> in which the call began.</param>
    /// <param name="inFlight">Calls still in flight, without this one.</param>
    public void Refused(int round, int inFlight)
    {
        if (_fixed)
        {
            return;
        }

        // A few calls fail at any load, and say nothing about it; but a number on trial has failed with the first.
        _refusing += Memory * (1 - _refusing);
        if (_refusing < Refusing && Now < _refused)
        {
            return;
        }

        if (round == Round)
        {
            _patience = Now >= _refused ? Math.Min(MostPatience, 2 * _patience) : LeastPatience;
        }

        Lower(Math.Min(_limit, inFlight), round);
        _refused = Now + 1;
    }

    /// <summary>The server was away, and comes back without whatever it had in hand.</summary>
    public void Restart()
    {
        if (!_fixed)
        {
            _limit = Math.Min(Start, Math.Min(_most, _refused - 1));
            (_answers, _refusing, _paced, _pace, _bestPace) = (0, 0, 0, 0, double.MaxValue);
        }
    }

    private void Lower(double limit, int round)
    {
        if (round == Round)
        {
            Round++;
            _floor = Math.Max(1, Math.Floor(_limit / 2));
        }

        _careful = true;
        _answers = 0;
        _limit = Math.Max(_floor, limit);
    }

    // How much longer a token takes now than it did when it was fastest.
    private double Pace(TimeSpan taken, long? tokens)
    {
        double pace = taken.TotalSeconds / Math.Max(1, tokens ?? 1);
        _pace = _paced == 0 ? pace : _pace + (0.05 * (pace - _pace));
        if (++_paced >= 20)
        {
            _bestPace = Math.Min(_bestPace, _pace);
        }

        return _paced < 20 ? 1 : _pace / Math.Max(_bestPace, 1e-9);
    }
}
