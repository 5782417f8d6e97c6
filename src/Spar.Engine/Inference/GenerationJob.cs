using Spar.Engine.Sampling;
using Spar.Ground;

namespace Spar.Engine.Inference;

/// <summary>A job with someone waiting for its result. The first of result, fault and cancellation counts.</summary>
internal abstract class SequenceJob<TResult> : SequenceJob
{
    private readonly TaskCompletionSource<TResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _registration;

    protected SequenceJob(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(
            static (job, token) => ((SequenceJob<TResult>)job!)._source.TrySetCanceled(token), this);
    }

    public Task<TResult> Task => _source.Task;

    public override bool IsCancelled => _cancellationToken.IsCancellationRequested;

    public override void Complete(Sequence sequence)
    {
        _source.TrySetResult(Result(sequence));
        _registration.Dispose();
    }

    public override void Fail(Exception fault)
    {
        _source.TrySetException(fault);
        _registration.Dispose();
    }

    protected abstract TResult Result(Sequence sequence);
}

/// <summary>Draws tokens until an end token, a stop or the limit.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="ends">Ids that end it.</param>
/// <param name="limit">Most tokens of the sequence, prompt included.</param>
/// <param name="cancellationToken">Gives up.</param>
internal sealed class GenerationJob(
    GenerationRequest request, IReadOnlyList<int> ends, int limit, CancellationToken cancellationToken)
    : SequenceJob<GenerationResult>(cancellationToken)
{
    private readonly List<TokenLogProb>? _logProbs = request.TopLogProbs is null ? null : [];
    private int _drawn;
    private GenerationEnd _end;

    public override bool ScoresPrompt => false;

    public override int TokensLeft(Sequence sequence) => limit - sequence.Count;

    public override bool Take(Sequence sequence, ReadOnlySpan<float> logits, Sampler sampler)
    {
        SamplingOptions options = request.Sampling;
        double draw = options.Temperature == 0 ? 0 : SeededRandom.DoubleAt(request.Seed, _drawn);
        int id = sampler.Sample(logits, options, sequence.Ids, draw, sequence.PromptLength);
        _drawn++;
        for (int i = 0; i < ends.Count; i++)
        {
            if (id == ends[i])
            {
                _end = GenerationEnd.EndToken;
                return true;
            }
        }

        _logProbs?.Add(sampler.LogProbabilities(logits, id, request.TopLogProbs ?? 0));
        sequence.Append(id);
        if (request.OnToken is { } onToken && onToken(id))
        {
            _end = GenerationEnd.Stopped;
            return true;
        }

        _end = GenerationEnd.Length;
        return sequence.Count >= limit;
    }

    protected override GenerationResult Result(Sequence sequence)
        => new(sequence.Ids[sequence.PromptLength..].ToArray(), _end, _drawn, sequence.CachedTokens, _logProbs);
}

/// <summary>Collects the log-probability of every token of a given continuation.</summary>
/// <param name="continuation">At least one id.</param>
/// <param name="cancellationToken">Gives up.</param>
internal sealed class ScoringJob(
    int[] continuation, CancellationToken cancellationToken) : SequenceJob<double[]>(cancellationToken)
{
    private readonly double[] _logProbs = new double[continuation.Length];
    private int _scored;

    public override bool ScoresPrompt => true;

    public override int TokensLeft(Sequence sequence) => 0;

    public override bool Take(Sequence sequence, ReadOnlySpan<float> logits, Sampler sampler)
    {
        _logProbs[_scored] = sampler.LogProbability(logits, continuation[_scored]);
        return ++_scored == continuation.Length;
    }

    protected override double[] Result(Sequence sequence) => _logProbs;
}
