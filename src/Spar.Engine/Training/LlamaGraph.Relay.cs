namespace Spar.Engine.Training;

/// <content>
/// The backward pass of a batch whose step is shared with other ranks: where sums come in and go out
/// (<see cref="GradientRelay"/>). The gradients of head and embedding, which may be one and the same tensor, are summed
/// up at the end and in blocks of the vocabulary; else each rank would wait for the whole pass of the one before.
/// </content>
internal sealed unsafe partial class LlamaGraph
{
    private const int TailBlocks = 8;

    /// <summary>Takes the sums that the head adds to.</summary>
    /// <param name="relay">The relay.</param>
    /// <param name="kept">Whether all logits are kept, so that the weight's gradient can come last.</param>
    /// <param name="last">Whether nothing is added to the sums behind this.</param>
    private static void TakeHead(StepRelay relay, bool kept, bool last)
    {
        relay.Sums.Take(relay.Head);
        relay.Head.IsHeld = !last;
        foreach ((_, _, GradientGroup group) in kept ? [] : relay.Tail)
        {
            relay.Sums.Take(group);
            group.IsHeld = true;
        }
    }

    /// <summary>
    /// The last stage: the head's weight, and after it the embedding, block of tokens by block of tokens; beside a block's
    /// embedding runs the product of the next.
    /// </summary>
    private void FinishRelayed(StepRelay relay)
    {
        bool multiplies = _head.Trains && _batch!.TargetCount > 0 && _batch.TargetCount <= LogitChunk;
        for (int b = 0; b <= relay.Tail.Length; b++)
        {
            if (b < relay.Tail.Length)
            {
                (int first, int count, GradientGroup group) = relay.Tail[b];
                relay.Sums.Take(group);
                group.IsHeld = true;
                if (multiplies)
                {
                    _head.AddWeightProducts(
                        _products, _headRows, _logits, _config.VocabSize, first, count);
                }
            }

            if (b == 0)
            {
                FinishProducts();
                continue;
            }

            (int firstToken, int tokens, GradientGroup done) = relay.Tail[b - 1];
            done.IsHeld = false;
            For(
                _embeddingGradient is null ? 0 : ScatterTasks,
                (task, _) => ScatterEmbedding(task, firstToken, tokens));
        }
    }

    /// <summary>Which sums belong to which stage of the backward pass.</summary>
    private sealed class StepRelay
    {
        public StepRelay(GradientRelay sums, LlamaGraph graph, GradientMap gradients)
        {
            Sums = sums;
            Head = sums.Group([.. graph._head.OtherSums, .. NormSums(graph._finalNorm)]);
            SecondHalves =
            [
                .. graph._layers.Select(layer => sums.Group(
                [
                    .. SumsOf(layer.Down), .. SumsOf(layer.GateUp), .. SumsOf(layer.Output),
                    .. NormSums(layer.PostAttentionNorm), .. NormSums(layer.DownNorm), .. NormSums(layer.AttendedNorm),
                ])),
            ];
            FirstHalves =
            [
                .. graph._layers.Select(layer => sums.Group(
                [
                    .. SumsOf(layer.QueryKeyValue), .. NormSums(layer.InputNorm), .. NormSums(layer.QueryNorm),
                    .. NormSums(layer.KeyNorm),
                ])),
            ];
            Tail = [.. Blocks(sums, graph, gradients)];

            static IEnumerable<GradientPart> SumsOf(Linear linear) => linear.WeightSums.Concat(linear.OtherSums);
        }

        /// <summary>Hands sums on.</summary>
        public GradientRelay Sums { get; }

        /// <summary>Of the final norm, and of what the head has beside its weight.</summary>
        public GradientGroup Head { get; }

        /// <summary>Of each layer what comes after attention.</summary>
        public GradientGroup[] SecondHalves { get; }

        /// <summary>Of each layer what comes before.</summary>
        public GradientGroup[] FirstHalves { get; }

        /// <summary>Of head and embedding the rows of some tokens; none where both are frozen.</summary>
        public (int First, int Count, GradientGroup Group)[] Tail { get; }

        private static IEnumerable<GradientPart> NormSums(NormPart? norm) => GradientPart.Of(norm?.Gradient);

        private static IEnumerable<(int, int, GradientGroup)> Blocks(
            GradientRelay sums, LlamaGraph graph, GradientMap gradients)
        {
            int vocabulary = graph._config.VocabSize;
            Tensors.Tensor?[] tensors =
                [.. new[] { graph._embeddingGradient, gradients.Of(graph.Parameters.Head.Weight) }.Distinct()];
            if (tensors.All(tensor => tensor is null))
            {
                yield break;
            }

            int size = Math.Max(1, (vocabulary + TailBlocks - 1) / TailBlocks);
            for (int first = 0; first < vocabulary; first += size)
            {
                int count = Math.Min(size, vocabulary - first), start = first;
                yield return (
                    first, count, sums.Group(tensors.SelectMany(tensor => GradientPart.Of(tensor, start, count))));
            }
        }
    }
}
