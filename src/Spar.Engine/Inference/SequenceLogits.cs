using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// Logits at every position of given sequences, for comparing with other implementations. All arithmetic is float32,
/// with quantised weights too. Not thread-safe.
/// </summary>
public sealed class SequenceLogits : IDisposable
{
    private const int PassRows = 256;

    private readonly ModelWeights _weights;
    private readonly KvCache _cache;
    private readonly ThreadTeam _team;
    private readonly LlamaForward _forward;
    private readonly ForwardBatch _batch = new(PassRows);

    /// <summary>Lays out the weights.</summary>
    /// <param name="weights">The model; disposed of together with this.</param>
    /// <param name="maxTokens">Length of the longest sequence, at least 1.</param>
    /// <param name="threads">Threads that compute, at least 1.</param>
    /// <exception cref="EngineException">
    /// The sequence is longer than the model was made for, or there is no memory for it.
    /// </exception>
    public SequenceLogits(ModelWeights weights, int maxTokens, int threads)
    {
        if (maxTokens > weights.Config.MaxPositions)
        {
            throw new EngineException(
                $"A sequence has {maxTokens} tokens, but the model was made for at most "
                + $"{weights.Config.MaxPositions}. Shorten it.");
        }

        _weights = weights;
        _cache = new KvCache(weights.Config, (maxTokens + KvCache.BlockSize - 1) / KvCache.BlockSize);
        _team = new ThreadTeam(threads);
        _forward = new LlamaForward(weights, _cache, _team, PassRows, Arithmetic.Exact);
    }

    /// <summary>Computes a sequence.</summary>
    /// <param name="ids">1 .. maxTokens ids.</param>
    /// <returns>[ids, V]: row i holds the logits of the token after ids[0..i].</returns>
    /// <exception cref="EngineException">
    /// An id is outside the vocabulary, or the logits are too many for one tensor.
    /// </exception>
    public Tensor Compute(IReadOnlyList<int> ids)
    {
        int vocabulary = _weights.Config.VocabSize;
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)vocabulary)
            {
                throw new EngineException(
                    $"A sequence holds token id {id}, but the model's vocabulary has {vocabulary}. Does the tokenizer "
                    + "belong to this model?");
            }
        }

        if ((long)ids.Count * vocabulary > Array.MaxLength)
        {
            throw new EngineException(
                $"The logits of {ids.Count} tokens with a vocabulary of {vocabulary} do not fit one tensor. Shorten "
                + "the sequence.");
        }

        Tensor logits = new(ids.Count, vocabulary);
        int[] table = [.. Enumerable.Range(0, _cache.Blocks)];
        for (int first = 0; first < ids.Count; first += PassRows)
        {
            _batch.Clear();
            for (int i = first; i < Math.Min(ids.Count, first + PassRows); i++)
            {
                _batch.Add(ids[i], i, table, needsLogits: true);
            }

            _forward.Run(_batch);
            for (int row = 0; row < _batch.Count; row++)
            {
                _forward.Logits(row).CopyTo(logits.Data.AsSpan((first + row) * vocabulary, vocabulary));
            }
        }

        return logits;
    }

    /// <summary>Frees the buffers and closes the model.</summary>
    public void Dispose()
    {
        _forward.Dispose();
        _team.Dispose();
        _cache.Dispose();
        _weights.Dispose();
    }
}
