using System.Runtime.InteropServices;

namespace Spar.Bench;

/// <summary>
/// The matrix product of OpenBLAS (Debian's libopenblas0-pthread). Start the benchmark with OPENBLAS_CORETYPE and
/// OPENBLAS_L2_SIZE unset, so that it picks its kernels itself.
/// </summary>
internal static unsafe partial class OpenBlas
{
    private const string Library = "libopenblas.so.0";
    private const int RowMajor = 101,
        Plain = 111,
        Transposed = 112; // CBLAS_LAYOUT and CBLAS_TRANSPOSE

    /// <summary>Loads the library and sets its threads; false where it is not installed.</summary>
    public static bool Load(int threads)
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            Console.Error.WriteLine($"{Library} is not installed: no ratios.");
            return false;
        }

        SetThreads(threads);
        return true;
    }

    /// <summary>C [m, n] = op(A) op(B), row-major, as <see cref="Spar.Engine.Kernels.Gemm"/> takes them.</summary>
    public static void Multiply(
        int m,
        int n,
        int k,
        float* a,
        int lda,
        bool transposeA,
        float* b,
        int ldb,
        bool transposeB,
        float* c,
        int ldc
    ) =>
        Gemm(
            RowMajor,
            transposeA ? Transposed : Plain,
            transposeB ? Transposed : Plain,
            m,
            n,
            k,
            1,
            a,
            lda,
            b,
            ldb,
            0,
            c,
            ldc
        );

    [LibraryImport(Library, EntryPoint = "openblas_set_num_threads")]
    private static partial void SetThreads(int threads);

    [LibraryImport(Library, EntryPoint = "cblas_sgemm")]
    private static partial void Gemm(
        int layout,
        int transposeA,
        int transposeB,
        int m,
        int n,
        int k,
        float alpha,
        float* a,
        int lda,
        float* b,
        int ldb,
        float beta,
        float* c,
        int ldc
    );
}
