namespace Spar.Engine.Sampling;

/// <summary>
/// Makes tokens that occurred before less likely: by a factor (Keskar et al. 2019, over prompt and answer), and by what
/// is taken off once, or once for every time (over the answer alone). Holds scratch for one vocabulary, so each thread
/// needs its own.
/// </summary>
/// <param name="vocabSize">Number of token ids, above 0.</param>
internal sealed class Penalties(int vocabSize)
{
    private readonly float[] _logits = new float[vocabSize];
    private readonly ulong[] _seen = new ulong[(vocabSize + 63) / 64];

    /// <summary>A row of logits less the penalties; the row itself where there are none.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="options">Says how large the penalties are.</param>
    /// <param name="previousIds">Ids that they apply to; may repeat.</param>
    /// <param name="promptLength">How many of these ids, from the first, are the prompt's.</param>
    /// <returns>[V]; overwritten by the next call.</returns>
    public ReadOnlySpan<float> Apply(
        ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, int promptLength)
    {
        if (logits.Length != _logits.Length)
        {
            throw new ArgumentException(
                $"The row has {logits.Length} logits; the sampler was made for {_logits.Length}.", nameof(logits));
        }

        if (options is { RepetitionPenalty: 1, PresencePenalty: 0, FrequencyPenalty: 0 })
        {
            return logits;
        }

        logits.CopyTo(_logits);
        float penalty = (float)options.RepetitionPenalty;
        float presence = (float)options.PresencePenalty, frequency = (float)options.FrequencyPenalty;
        foreach (int id in previousIds)
        {
            if (IsFirst(id))
            {
                _logits[id] = _logits[id] < 0 ? _logits[id] * penalty : _logits[id] / penalty;
            }
        }

        Forget(previousIds);
        foreach (int id in previousIds[promptLength..])
        {
            _logits[id] -= IsFirst(id) ? presence + frequency : frequency;
        }

        Forget(previousIds);
        return _logits;
    }

    /// <summary>Whether an id has not been asked for since <see cref="Forget"/>.</summary>
    private bool IsFirst(int id)
    {
        ulong bit = 1UL << (id & 63), seen = _seen[id >> 6];
        _seen[id >> 6] = seen | bit;
        return (seen & bit) == 0;
    }

    private void Forget(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            _seen[id >> 6] = 0;
        }
    }
}
