using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// A linear layer's weight W [outputs, inputs], laid out once for products x W^T. The layout depends on the processor
/// and is never written to disk. An element of a product depends on its row of x and of W alone.
/// </summary>
internal abstract unsafe class PackedWeight
{
    private readonly float[]? _own; // where the memory is its own

    /// <summary>Makes room for a matrix, or takes memory for it.</summary>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    /// <param name="floats">Floats that the layout takes.</param>
    /// <param name="memory">So many, 64-byte aligned, for as long as the matrix is used; or null.</param>
    protected PackedWeight(int outputs, int inputs, long floats, float* memory)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        (Outputs, Inputs) = (outputs, inputs);
        Memory = memory;
        if (memory == null)
        {
            _own = GC.AllocateUninitializedArray<float>(checked((int)floats + 16), pinned: true);
            // The array is pinned for its life, so the pointer outlives the statement.
            fixed (float* data = _own)
            {
                Memory = data + ((int)((64 - ((nuint)data & 63)) & 63) / sizeof(float));
            }
        }
    }

    /// <summary>Rows of W: elements of y a row.</summary>
    public int Outputs { get; }

    /// <summary>Columns of W: elements of x a row.</summary>
    public int Inputs { get; }

    /// <summary>The layout.</summary>
    protected float* Memory { get; }

    /// <summary>A matrix to be filled.</summary>
    /// <param name="dtype">The numbers that products multiply: float32 or bfloat16.</param>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    /// <param name="memory"><see cref="Floats"/> floats for it, 64-byte aligned; or null.</param>
    public static PackedWeight Create(DType dtype, int outputs, int inputs, float* memory = null) =>
        dtype == DType.BFloat16 ? new TileMatrix(outputs, inputs, memory) : new PackedMatrix(outputs, inputs, memory);

    /// <summary>Floats of memory that a matrix takes.</summary>
    public static long Floats(DType dtype, int outputs, int inputs) =>
        dtype == DType.BFloat16 ? TileMatrix.Floats(outputs, inputs) : PackedMatrix.Floats(outputs, inputs);

    /// <summary>Floats of scratch memory that <see cref="MultiplyRows"/> needs for a number of rows.</summary>
    public abstract long RowsScratch(int rows);

    /// <summary>y [rows, outputs] = or += x [rows, inputs] W^T, on all threads.</summary>
    /// <param name="team">Threads to use; its shared scratch memory is overwritten.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public abstract void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate);

    /// <summary>The same product on the calling thread, for use inside a parallel loop over blocks of rows.</summary>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="addend">
    /// What to add to, with y's leading dimension; y itself to accumulate, null for nothing.
    /// </param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats, 64-byte aligned.</param>
    public abstract void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, float* addend, float* scratch);

    /// <summary>Packs a matrix over the present one.</summary>
    /// <param name="source">The elements.</param>
    /// <param name="ld">Floats from one row of the source to the next.</param>
    /// <param name="inputsOutermost">
    /// False: the source is W [outputs, inputs]. True: it is W^T [inputs, outputs].
    /// </param>
    public void Fill(float* source, nint ld, bool inputsOutermost)
    {
        if (inputsOutermost)
        {
            FillInputs(0, Inputs, source, ld);
        }
        else
        {
            FillOutputs(0, Outputs, source, ld);
        }
    }

    /// <summary>Packs W, row-major.</summary>
    /// <param name="weight">At least outputs x inputs elements.</param>
    public void Fill(ReadOnlySpan<float> weight)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(weight.Length, checked(Outputs * Inputs), nameof(weight));
        fixed (float* source = weight)
        {
            Fill(source, Inputs, inputsOutermost: false);
        }
    }

    /// <summary>Packs some rows of W.</summary>
    /// <param name="first">The first, a multiple of <see cref="MicroKernel.StretchK"/>.</param>
    /// <param name="count">How many; a multiple of that too, or all that are left.</param>
    /// <param name="source">The first row.</param>
    /// <param name="ld">Floats from one row to the next.</param>
    public abstract void FillOutputs(int first, int count, float* source, nint ld);

    /// <summary>Packs some rows of W^T.</summary>
    /// <param name="first">The first, a multiple of <see cref="MicroKernel.StretchK"/>.</param>
    /// <param name="count">How many; a multiple of that too, or all that are left.</param>
    /// <param name="source">The first row.</param>
    /// <param name="ld">Floats from one row to the next.</param>
    public abstract void FillInputs(int first, int count, float* source, nint ld);
}
