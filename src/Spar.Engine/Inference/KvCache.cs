using System.Runtime.InteropServices;
using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <summary>
/// Memory for the keys and values of attention, in blocks of <see cref="BlockSize"/> positions. What a block holds, and
/// for whom, is <see cref="BlockPool"/>'s business. Per block and layer: keys [KvHeads, HeadDim, 16], so that 16
/// positions are the lanes of a vector, then values [KvHeads, 16, <see cref="ValueStride"/>]. Pages are committed by
/// the operating system when they are first written.
/// </summary>
internal sealed unsafe class KvCache : IDisposable
{
    /// <summary>Positions a block.</summary>
    public const int BlockSize = 16;

    private readonly long _blockFloats;
    private readonly long _layerFloats;
    private readonly long _keyFloats;
    private float* _memory;

    /// <summary>Reserves memory for <paramref name="blocks"/> blocks of a model.</summary>
    /// <param name="config">Gives layers, key/value heads and head size.</param>
    /// <param name="blocks">Number of blocks, above 0.</param>
    /// <exception cref="EngineException">The memory cannot be had.</exception>
    public KvCache(ModelConfig config, int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        Blocks = blocks;
        ValueStride = (int)AlignedBuffer.Whole(config.HeadDim);
        _keyFloats = (long)config.KvHeadCount * config.HeadDim * BlockSize;
        _layerFloats = _keyFloats + (long)config.KvHeadCount * BlockSize * ValueStride;
        _blockFloats = _layerFloats * config.LayerCount;
        try
        {
            _memory = (float*)NativeMemory.AlignedAlloc(checked((nuint)(_blockFloats * blocks * sizeof(float))), 64);
        }
        catch (Exception fault) when (fault is OutOfMemoryException or OverflowException)
        {
            throw new EngineException(
                $"A key/value cache of {(long)blocks * BlockSize} tokens needs "
                + $"{_blockFloats * blocks * sizeof(float) >> 20} MiB, which could not be reserved. Set fewer cache "
                + "tokens.", fault);
        }
    }

    /// <summary>Number of blocks.</summary>
    public int Blocks { get; }

    /// <summary>
    /// Floats from one position's value vector to the next: the head size rounded up to a multiple of 16; the rest is
    /// unused.
    /// </summary>
    public int ValueStride { get; }

    /// <summary>Bytes that one token takes in all layers.</summary>
    /// <param name="config">The model.</param>
    public static long BytesPerToken(ModelConfig config)
    {
        long key = config.HeadDim, value = AlignedBuffer.Whole(key);
        return (long)config.LayerCount * config.KvHeadCount * (key + value) * sizeof(float);
    }

    /// <summary>Keys of a block in a layer, [KvHeads, HeadDim, 16].</summary>
    /// <param name="layer">Layer, from 0.</param>
    /// <param name="block">Block, from 0.</param>
    public float* Keys(int layer, int block) => _memory + (block * _blockFloats) + (layer * _layerFloats);

    /// <summary>Values of a block in a layer, [KvHeads, 16, <see cref="ValueStride"/>].</summary>
    /// <param name="layer">Layer, from 0.</param>
    /// <param name="block">Block, from 0.</param>
    public float* Values(int layer, int block) => Keys(layer, block) + _keyFloats;

    /// <summary>Copies a whole block, all layers.</summary>
    /// <param name="from">Source block.</param>
    /// <param name="to">Target block.</param>
    public void Copy(int from, int to)
        => NativeMemory.Copy(
            _memory + (from * _blockFloats), _memory + (to * _blockFloats), (nuint)(_blockFloats * sizeof(float)));

    /// <summary>Frees the memory; no forward pass may be running.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
