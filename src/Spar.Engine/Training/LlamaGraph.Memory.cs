using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <content>
/// What is kept of a batch for its backward pass, and what is computed again: memory for time, never for bits.
/// </content>
internal sealed unsafe partial class LlamaGraph
{
    private const long SummedFloats = 128 << 20; // logits whose gradients are summed up together
    private const long PieceFloats = 32 << 20;   // logits that are at hand together, where not all are kept
    // What may be kept: bytes for each of the model's parameters, within bounds. Gradients and AdamW's moments take 12.
    private const long BytesPerParameter = 11;
    private const long LeastBytes = 1L << 29;
    private const long MostBytes = 8L << 30;
    private const int ShareOfMachine = 4; // of the memory that the process may use, where that is more

    private readonly long _mostBytes;
    private readonly BackwardLayouts[] _layouts; // of each layer, and of the head
    // of the present batch, one after another so that all together stay within bounds: inputs of the layers [L, T, D],
    // logits, and activations of as many layers as are kept, and one of the others
    private readonly AlignedBuffer _kept = new();
    private float* _logits; // [HeldLogits, V]
    private int _shared; // first layers that share the place of their activations, of the present batch

    /// <summary>
    /// Memory that what a batch leaves for its backward pass may take on any machine: in proportion to what the model's
    /// parameters take anyway.
    /// </summary>
    public static long LeastActivationBytes(ModelConfig config) =>
        Math.Clamp(BytesPerParameter * ParameterCount(config), LeastBytes, MostBytes);

    /// <summary>
    /// Memory that what a batch leaves for its backward pass may take by default: a quarter of what the process may
    /// use, where that is more than <see cref="LeastActivationBytes"/>.
    /// </summary>
    public static long DefaultActivationBytes(ModelConfig config) =>
        Math.Max(
            LeastActivationBytes(config),
            Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ShareOfMachine, MostBytes));

    /// <summary>Logits whose gradients are summed up together; part of the order of sums.</summary>
    internal long SummedLogits { get; set; } = SummedFloats;

    /// <summary>Logits that are at hand together where not all are kept; has no influence on results.</summary>
    internal long PieceLogits { get; set; } = PieceFloats;

    /// <summary>Targets whose sums go together.</summary>
    private int LogitChunk => (int)Math.Max(1, SummedLogits / _config.VocabSize / RowBlock) * RowBlock;

    /// <summary>
    /// Targets whose logits are at hand together where not all are kept: sums over them break where those over all
    /// would.
    /// </summary>
    private int LogitPiece => _relay is not null
        ? LogitChunk
        : (int)Math.Clamp(PieceLogits / _config.VocabSize / MicroKernel.StretchK, 1, 1 << 20) * MicroKernel.StretchK;

    /// <summary>Targets whose logits there is room for in the present batch.</summary>
    private int HeldLogits { get; set; }

    /// <summary>
    /// Bytes of a batch of T rows that are always kept: the layers' inputs, and the gradients and packed inputs of one
    /// layer.
    /// </summary>
    internal static long RowBytes(ModelConfig config, int rows)
    {
        long hidden = config.HiddenSize, query = (long)config.HeadCount * config.HeadDim;
        long joint = query + (2L * config.KvHeadCount * config.HeadDim);
        long inputs = (config.LayerCount + 2) * hidden, sandwich = config.SandwichNorm ? 2 * hidden : 0;
        long gradients = (2 * hidden) + query + joint + sandwich;
        long packed = (2 * hidden) + query + config.IntermediateSize;
        return sizeof(float) * rows * (inputs + gradients + packed);
    }

    /// <summary>
    /// Bytes that a batch of T rows, all of which predict something, and the layouts take where memory is scarce.
    /// </summary>
    internal static long KeptBytes(ModelConfig config, int rows)
    {
        long layer = sizeof(float) * LayerActivations.Floats(config, rows);
        long logits = sizeof(float) * Math.Min((long)rows * config.VocabSize, PieceFloats);
        long least = RowBytes(config, rows) + logits + layer;
        long all = least + ((config.LayerCount - 1) * layer) + (sizeof(float) * ParameterCount(config));
        return Math.Max(least, Math.Min(all, LeastActivationBytes(config)));
    }

    private static long ParameterCount(ModelConfig config) =>
        ModelTensors.Shapes(config).Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));

    private static long BytesOf(IEnumerable<BackwardLayouts> layouts) =>
        sizeof(float) * layouts.Where(one => one.IsKept).Sum(one => one.Floats);

    /// <summary>Keeps as many layouts as there is memory for without a batch.</summary>
    private void KeepLayouts()
    {
        long taken = 0;
        foreach (BackwardLayouts layouts in _layouts)
        {
            taken += sizeof(float) * layouts.Floats;
            if (taken <= _mostBytes)
            {
                layouts.Keep();
            }
        }
    }

    /// <summary>
    /// Shares the memory out. Logits take half of it at most where they can be computed again. If not all the rest fits,
    /// layouts are given up, for good: doing without costs less time than activations do. Layers that there is no room
    /// for after that share one place.
    /// </summary>
    private void ReserveActivations(int rows, int targets, bool keepLogits)
    {
        long logits = sizeof(float) * (long)targets * _config.VocabSize;
        bool whole = targets <= LogitChunk
            && (_relay is not null || targets <= LogitPiece || (keepLogits && logits <= _mostBytes / 2));
        HeldLogits = Math.Max(1, whole ? targets : Math.Min(targets, LogitPiece));
        logits = sizeof(float) * (long)HeldLogits * _config.VocabSize;
        long layer = sizeof(float) * LayerActivations.Floats(_config, rows);
        long room = _mostBytes - logits - RowBytes(_config, rows);
        foreach (BackwardLayouts layouts in _layouts)
        {
            if (layouts.IsKept && BytesOf(_layouts) + (_layers.Length * layer) > room)
            {
                layouts.Drop();
            }
        }

        room -= BytesOf(_layouts);
        long kept = Math.Clamp(room / layer, 0, _layers.Length);
        kept = kept == _layers.Length ? kept : Math.Max(0, kept - 1);
        _shared = _layers.Length - (int)kept;
        long input = AlignedBuffer.Whole((long)rows * _config.HiddenSize);
        long heldLogits = AlignedBuffer.Whole(logits / sizeof(float));
        layer /= sizeof(float);
        float* next = _kept.Reserve((_layers.Length * input) + heldLogits + ((kept + Math.Min(_shared, 1)) * layer));
        foreach (GraphLayer one in _layers)
        {
            one.Input = next;
            next += input;
        }

        _logits = next;
        next += heldLogits;
        for (int l = 0; l < _layers.Length; l++)
        {
            _layers[l].Activations.Place(_config, rows, next);
            next += l < _shared - 1 ? 0 : layer;
        }
    }
}
