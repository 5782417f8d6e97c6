using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <content>Attention, shared out in items.</content>
internal sealed unsafe partial class LlamaForward
{
    /// <summary>
    /// Attention of one row and key/value head an item; where each query head has its own, of some of them.
    /// </summary>
    private struct AttentionItems : IParallelBody
    {
        public LlamaForward Forward;
        public int Layer, From;
        public float* Output, Scores;
        public nint ScoresFloats;

        public static int PerRow(ModelConfig config) =>
            (config.KvHeadCount + KvHeads(config) - 1) / KvHeads(config);

        public readonly void Run(int index, int worker)
        {
            ModelConfig config = Forward._config;
            (int row, int item) = Math.DivRem(index, PerRow(config));
            int kvHead = item * KvHeads(config), group = config.HeadCount / config.KvHeadCount;
            nint offset = (nint)kvHead * group * config.HeadDim;
            Attention.Run(
                Forward._qkv + ((nint)(From + row) * Forward._qkvFloats) + offset,
                Math.Min(KvHeads(config), config.KvHeadCount - kvHead) * group, config.HeadDim, Forward._cache, Layer,
                kvHead, shared: group > 1, Forward._batch.Tables[From + row], Forward._batch.Positions[From + row],
                config.WindowOf(Layer), Scores + (worker * ScoresFloats),
                Output + ((nint)row * Forward._queryFloats) + offset);
        }

        private static int KvHeads(ModelConfig config) =>
            config.HeadCount > config.KvHeadCount ? 1 : Attention.HeadsAtOnce;
    }
}
