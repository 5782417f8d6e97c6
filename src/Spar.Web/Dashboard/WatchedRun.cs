using Spar.Ground;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Reports;

namespace Spar.Web.Dashboard;

/// <summary>
/// A run that the dashboard shows. A thread of its own follows it: it reads what is new, counts and indexes, and leaves a
/// snapshot that pages show. Pages read single rows beside it. Nothing is written into the run's store, and no reading
/// lasts long enough to be in the way of the run that writes it.
/// </summary>
public sealed class WatchedRun : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Action<string> _report;
    private readonly RunStore _followed;
    private readonly CallTally _tally;
    private readonly TrainingLog _log;
    private readonly CancellationTokenSource _ending = new();
    private readonly Thread _thread;
    private ReportModel? _model;
    private StoreMark? _mark;
    private (RunProgress Progress, long Calls, long Indexed) _seen;
    private bool _sampled;

    /// <summary>Begins to follow a run.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="name">What it is called in addresses.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Is told of faults while following.</param>
    /// <exception cref="UserFaultException">There is no run that can be shown.</exception>
    public WatchedRun(string directory, string name, TimeProvider time, Action<string> report)
    {
        (Name, _time, _report) = (name, time, report);
        Store = RunStore.OpenForReading(directory);
        try
        {
            if (!Store.Identity.Values.ContainsKey("search.gate") || !Store.Identity.Values.ContainsKey("iterations"))
            {
                throw new UserFaultException(
                    $"What lies in {directory} is no run of a recipe, so the dashboard has nothing to show of it.",
                    "Name the directory that spar run wrote to.");
            }

            _followed = RunStore.OpenForReading(directory);
            _log = new TrainingLog(directory);
            _tally = new CallTally(_followed, time);
            Snapshot = Look();
            Index = new PromptIndex(_followed, Snapshot.Model.Gate);
        }
        catch
        {
            _followed?.Dispose();
            Store.Dispose();
            throw;
        }

        _thread = new Thread(Follow) { IsBackground = true, Name = $"follows {name}" };
        _thread.Start();
    }

    /// <summary>What it is called in addresses.</summary>
    public string Name { get; }

    /// <summary>Reads single rows of it.</summary>
    public RunStore Store { get; }

    /// <summary>What its prompts are found by.</summary>
    public PromptIndex Index { get; }

    /// <summary>What it was at the last look.</summary>
    public RunSnapshot Snapshot { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Cancel();
        _thread.Join();
        Index.Dispose();
        _followed.Dispose();
        Store.Dispose();
        _ending.Dispose();
    }

    private void Follow()
    {
        string? told = null;
        long looked = _time.GetTimestamp();
        while (!_ending.IsCancellationRequested)
        {
            bool busy = false;
            try
            {
                busy = Index.Advance() | _tally.Advance(_followed.Mark().Calls);
                if (!busy && !_sampled)
                {
                    _tally.Sample();
                    _sampled = true;
                }

                if (!busy || _time.GetElapsedTime(looked) >= s_look)
                {
                    looked = _time.GetTimestamp();
                    Snapshot = Look();
                    _sampled = false;
                }
            }
            catch (Exception fault)
            {
                // The run's directory may be moved or damaged while it is watched; what was seen last stays on show.
                if (fault.Message != told)
                {
                    told = fault.Message;
                    _report($"{Name}: {fault.Message}");
                }

                busy = false;
            }

            if (!busy)
            {
                _ending.Token.WaitHandle.WaitOne(s_look);
            }
        }
    }

    private RunSnapshot Look()
    {
        StoreMark mark = _followed.Mark();
        bool logged = _log.Look();
        while (logged && _log.Look())
        {
            // A long log is read in pieces.
        }

        bool stages = _model is null || mark.Products != _mark!.Products || mark.Timings != _mark.Timings;
        RunTotals totals = new(
            _followed.WallSeconds(), _tally.Roles.Sum(role => role.Calls), _tally.Roles.Sum(role => role.OutputTokens));
        _model = stages
            ? ReportModel.WithoutExamples(_followed, RunResults.Of(_followed, totals, _tally.Roles))
            : _model! with
            {
                Results = _model.Results with
                {
                    WallSeconds = totals.WallSeconds,
                    ModelCalls = totals.ModelCalls,
                    GeneratedTokens = totals.GeneratedTokens,
                    Roles = _tally.Roles,
                },
            };
        RunState state = RunState.Of(_followed, _model.Results)!;
        (RunProgress, long, long) seen = (state.Progress, totals.ModelCalls, Index?.UpTo ?? 0);
        bool changed = stages || logged || mark != _mark || _seen != seen;
        (_mark, _seen) = (mark, seen);
        return new RunSnapshot(
            (Snapshot?.Version ?? 0) + (changed ? 1 : 0),
            WithTrainingsInHand(_model),
            state,
            stages ? _followed.Timings() : Snapshot!.Timings,
            state.Stage is { } stage && state.StageItems is not null ? _followed.CountItems(stage) : 0,
            _tally.Rate,
            mark.Calls - _tally.UpTo,
            Index?.Prompts ?? 0,
            mark.Items - (Index?.UpTo ?? 0),
            _log.Notices);
    }

    private ReportModel WithTrainingsInHand(ReportModel model) => model with
    {
        Start = [.. ReportModel.StartStages.Select(stage =>
            model.Start.FirstOrDefault(curve => curve.Stage == stage) ?? _log.Curve(stage)).OfType<TrainingCurve>()],
        Iterations = [.. model.Iterations.Select(iteration => iteration with
        {
            Actor = iteration.Actor ?? _log.Curve(StageNames.Actor(iteration.Number)),
            Refiner = iteration.Refiner ?? _log.Curve(StageNames.Refiner(iteration.Number)),
        })],
    };
}

/// <summary>How a row is cut into tokens for training, and which of them carry loss.</summary>
/// <param name="Pieces">The tokens' texts, prompt first.</param>
/// <param name="FirstTarget">The first token whose loss counts; the ones behind it all do.</param>
/// <param name="Truncated">True when the row was cut at the cutoff.</param>
public sealed record TrainedTokens(IReadOnlyList<string> Pieces, int FirstTarget, bool Truncated);

/// <summary>Cuts a row of a run into tokens as its training does; null where the run's model is not at hand.</summary>
/// <param name="store">The run.</param>
/// <param name="context">The turns before the prompt; null where there are none.</param>
/// <param name="prompt">The user turn.</param>
/// <param name="response">The turn that is learnt.</param>
/// <param name="refiner">True for a row of the refiner, false for one side of a pair or a row of the actor.</param>
/// <param name="ended">False for a response that was cut off, of which no end of the turn is learnt.</param>
public delegate TrainedTokens? TokenReader(
    RunStore store, IReadOnlyList<ChatTurn>? context, string prompt, string response, bool refiner, bool ended);
