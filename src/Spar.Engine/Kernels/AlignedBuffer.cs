using System.Runtime.InteropServices;

namespace Spar.Engine.Kernels;

/// <summary>Floats outside the garbage-collected heap, 64-byte aligned, that grow on demand and are used again and again.</summary>
internal sealed unsafe class AlignedBuffer : IDisposable
{
    private float* _data;
    private long _count;

    ~AlignedBuffer() => Dispose();

    /// <summary>First element; null before <see cref="Reserve"/>.</summary>
    public float* Data => _data;

    /// <summary>Makes room. What was in the buffer is lost when it grows, and what is in it then is undefined.</summary>
    /// <param name="count">Elements needed.</param>
    /// <returns><see cref="Data"/>.</returns>
    public float* Reserve(long count)
    {
        if (count > _count)
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
            _count = 0;
            long size = count + (count / 8) + 16;
            _data = (float*)NativeMemory.AlignedAlloc(checked((nuint)size * sizeof(float)), 64);
            _count = size;
        }

        return _data;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        _count = 0;
        GC.SuppressFinalize(this);
    }
}
