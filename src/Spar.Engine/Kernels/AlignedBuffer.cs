using System.Runtime.InteropServices;

namespace Spar.Engine.Kernels;

/// <summary>
/// Floats outside the garbage-collected heap, 64-byte aligned, that grow on demand and are used again and again. Large
/// ones lie in huge pages where Linux gives them on request: products read their matrices in strides of kilobytes, and
/// would touch another small page at every step.
/// </summary>
/// <param name="huge">
/// Whether a large one may lie in huge pages; not worth it for what is read from end to end, as it rounds up the size.
/// </param>
internal sealed unsafe partial class AlignedBuffer(bool huge = true) : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const int AdviseHugePage = 14; // MADV_HUGEPAGE of madvise(2)

    private float* _data;
    private long _count;

    ~AlignedBuffer() => Dispose();

    /// <summary>First element; null before <see cref="Reserve"/>.</summary>
    public float* Data => _data;

    /// <summary>
    /// Makes room. What was in the buffer is lost when it grows, and what is in it then is undefined.
    /// </summary>
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
            _data = (float*)Allocate(checked((nuint)size * sizeof(float)));
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

    /// <summary>A number of floats that fills whole cache lines.</summary>
    /// <param name="floats">At least so many.</param>
    public static long Whole(long floats) => (floats + 15) / 16 * 16;

    private void* Allocate(nuint bytes)
    {
        if (!huge || !OperatingSystem.IsLinux() || bytes < 2 * HugePage)
        {
            return NativeMemory.AlignedAlloc(bytes, 64);
        }

        nuint whole = checked(bytes + HugePage - 1) / HugePage * HugePage;
        void* data = NativeMemory.AlignedAlloc(whole, HugePage);
        _ = Advise(data, whole, AdviseHugePage); // a wish: where it is not granted, pages are small
        return data;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
