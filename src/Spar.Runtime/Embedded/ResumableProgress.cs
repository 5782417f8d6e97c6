using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Spar.Engine;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Embedded;

/// <summary>
/// How far a training has come, kept in a folder beside its output (<see cref="TrainerState"/>) while it runs. A state
/// counts only for the job that it was saved by: the same data, settings, seed and start model.
/// </summary>
internal sealed class ResumableProgress
{
    private static readonly TimeSpan s_saveInterval = TimeSpan.FromMinutes(10);

    private readonly LlamaTrainer _trainer;
    private readonly TimeProvider _time;
    private readonly TrainerState _state;
    private readonly Lazy<string> _job;
    private readonly SharedTraining? _shared;
    private long _saved;
    private Progress _progress = new("", [], []);

    private ResumableProgress(TrainingJob job, LlamaTrainer trainer, TimeProvider time, SharedTraining? shared)
    {
        _trainer = trainer;
        _time = time;
        _shared = shared;
        _state = new TrainerState(shared?.StateFolder ?? (job.OutputModel + ".training"));
        _job = new Lazy<string>(() => Identity(job));
        _saved = time.GetTimestamp();
        if (_state.Peek<Progress>() is { } progress && progress.Job == _job.Value)
        {
            _state.Restore<Progress>(trainer);
            _progress = progress;
        }

        // Nobody writes a state while another still reads it.
        shared?.Ranks.Any(false);
    }

    /// <summary>Whether this process writes what comes of the training: the only one, or the first of several.</summary>
    public bool Writes => _shared is null or { Ranks.Rank: 0 };

    /// <summary>Whether several processes train the job.</summary>
    public bool IsShared => _shared is not null;

    /// <summary>Steps that were taken before.</summary>
    public IReadOnlyList<TrainingStep> Steps => _progress.Steps;

    /// <summary>
    /// Finds what is kept of a job, and puts the trainer where it was then; without anything kept, the training begins.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="trainer">A trainer of its start model that has taken no step.</param>
    /// <param name="time">Tells when to save.</param>
    /// <param name="shared">Other processes that train the same job, or null.</param>
    /// <exception cref="EngineException">The kept state is damaged.</exception>
    public static ResumableProgress Open(
        TrainingJob job, LlamaTrainer trainer, TimeProvider time, SharedTraining? shared = null) =>
        new(job, trainer, time, shared);

    /// <summary>
    /// Log-probabilities of the reference model: those that are kept, or else computed now and kept with the next
    /// state.
    /// </summary>
    /// <param name="compute">Computes them; called while the trainer has taken no step.</param>
    public IReadOnlyList<double> Reference(Func<IReadOnlyList<double>> compute)
    {
        if (_progress.Reference.Count == 0)
        {
            _progress = _progress with { Reference = compute() };
        }

        return _progress.Reference;
    }

    /// <summary>Saves the state between two steps, where it is time or the training is to stop.</summary>
    /// <param name="steps">All steps taken so far.</param>
    /// <param name="cancellationToken">Asks to stop.</param>
    /// <exception cref="UserFaultException">The state cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It is to stop; the state is saved.</exception>
    public void SaveWhenDue(IReadOnlyList<TrainingStep> steps, CancellationToken cancellationToken)
    {
        // All processes stop behind the same step, whichever was told to.
        bool stops = _shared?.Ranks.Any(cancellationToken.IsCancellationRequested)
            ?? cancellationToken.IsCancellationRequested;
        bool due = _time.GetElapsedTime(_saved) >= s_saveInterval
            || (_shared is { SaveSteps: > 0 and int every } && steps.Count > 0 && steps.Count % every == 0);
        if (Writes && (stops || due))
        {
            _state.Save(_trainer, _progress with { Job = _job.Value, Steps = steps });
            _saved = _time.GetTimestamp();
        }

        if (stops)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Forgets the state: the training has ended.</summary>
    public void Delete() => _state.Delete();

    private static string Identity(TrainingJob job)
    {
        string? model = CheckpointDigest.OfAsync(job.StartModel, CancellationToken.None).GetAwaiter().GetResult();
        string all = $"{job.Seed} {model} {JsonSerializer.Serialize(job.Data, job.Data.GetType())}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    /// <summary>What is kept beside the trainer's numbers.</summary>
    /// <param name="Job">What it belongs to.</param>
    /// <param name="Steps">The steps taken.</param>
    /// <param name="Reference">
    /// Of the reference model: for preference data of all chosen responses, then of all rejected ones; with an anchor
    /// of all targets.
    /// </param>
    private sealed record Progress(string Job, IReadOnlyList<TrainingStep> Steps, IReadOnlyList<double> Reference);
}
