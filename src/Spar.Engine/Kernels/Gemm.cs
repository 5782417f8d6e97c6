namespace Spar.Engine.Kernels;

/// <summary>
/// Matrix products in float32. Every element of C is one chain of fused multiply-adds in the order of k, broken only
/// every <see cref="MicroKernel.StretchK"/> steps, where the stretch's sum is added to C. The order depends on k alone:
/// not on the other rows and columns, the number of threads, or on whether B was packed before. A row computed alone
/// has the same bits as in a batch. Knows nothing of layers; matrices are pointers to row-major floats with a leading
/// dimension (floats from one row to the next).
/// </summary>
internal static unsafe class Gemm
{
    // stretches of k done one after the other for each block of C, while it is in the L1 cache
    private const int StretchesPerPass = 2;
    private const int PanelsPerTask = 4;      // panels of B, a pass deep, that a task keeps in its L2 cache
    private const int RowsPerTask = 96;       // rows of A that are worth a task where B is packed
    private const int RowsToPackFor = 1024;   // rows of A that are worth packing B for once more
    private const long SerialWork = 100_000;  // multiply-adds below which waking the team costs more than it gains

    /// <summary>C [m, n] = or += A [m, k] op(B) [k, n].</summary>
    /// <param name="team">Threads to use.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Length of the sums.</param>
    /// <param name="a">A [m, k].</param>
    /// <param name="lda">Leading dimension of <paramref name="a"/>.</param>
    /// <param name="b">B [k, n], or B^T [n, k] if <paramref name="transposeB"/>.</param>
    /// <param name="ldb">Leading dimension of <paramref name="b"/> as stored.</param>
    /// <param name="transposeB">Whether B is stored transposed.</param>
    /// <param name="c">C; must not overlap A or B.</param>
    /// <param name="ldc">Leading dimension of C.</param>
    /// <param name="accumulate">Adds to C instead of overwriting it.</param>
    public static void Multiply(
        ThreadTeam team, int m, int n, int k, float* a, int lda, float* b, int ldb, bool transposeB, float* c, int ldc,
        bool accumulate = false)
    {
        if (HandledAsEmpty(m, n, k, c, ldc, accumulate))
        {
            return;
        }

        for (int k0 = 0; k0 < k; k0 += PassDepth)
        {
            PassBody body = new()
            {
                B = b + (transposeB ? k0 : (nint)k0 * ldb),
                Ldb = ldb,
                TransposeB = transposeB,
            };
            Pass(team, ref body, m, n, Math.Min(PassDepth, k - k0), a + k0, lda, c, ldc, accumulate || k0 > 0);
        }
    }

    /// <summary>y [rows, outputs] = or += x [rows, inputs] W^T for a packed W.</summary>
    /// <param name="team">Threads to use.</param>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next, at least <see cref="PackedWeight.Inputs"/>.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next, at least <see cref="PackedWeight.Outputs"/>.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public static void Multiply(
        ThreadTeam team, float* x, int ldx, int rows, PackedMatrix w, float* y, int ldy, bool accumulate = false)
    {
        for (int k0 = 0; k0 < w.Inputs && rows > 0; k0 += PassDepth)
        {
            PassBody body = new() { Packed = w.Stretch(k0) };
            Pass(
                team, ref body, rows, w.Outputs, Math.Min(PassDepth, w.Inputs - k0), x + k0, ldx, y, ldy,
                accumulate || k0 > 0);
        }
    }

    /// <summary>Floats of scratch memory that products on the calling thread need for a number of rows.</summary>
    internal static long RowsScratch(int rows) =>
        ((long)PanelsPerTask * MicroKernel.Columns * MicroKernel.StretchK)
        + (RowPanels(rows) * (long)MicroKernel.Rows * MicroKernel.RowPanelStride);

    /// <summary>
    /// The product of <see cref="Multiply(ThreadTeam, float*, int, int, PackedMatrix, float*, int, bool)"/> on the
    /// calling thread alone, for use inside a parallel loop over blocks of rows.
    /// </summary>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="addend">
    /// What to add to, with y's leading dimension; y itself to accumulate, null for nothing.
    /// </param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats.</param>
    internal static void MultiplyRows(
        float* x, int ldx, int rows, PackedMatrix w, float* y, int ldy, float* addend, float* scratch)
    {
        for (int k0 = 0; k0 < w.Inputs; k0 += MicroKernel.StretchK, addend = y)
        {
            int depth = Math.Min(MicroKernel.StretchK, w.Inputs - k0);
            nint stride = ldx;
            float* a = Packing.Rows(x + k0, ref stride, rows, depth, scratch);
            Blocks(rows, w.Outputs, a, stride, w.Stretch(k0), depth, y, ldy, addend);
        }
    }

    /// <summary>
    /// y = x B on the calling thread, for a B that is packed on the way: for each block of rows anew, which costs a few
    /// hundredths of the product.
    /// </summary>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="b">The matrix.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats.</param>
    internal static void MultiplyRows(float* x, int ldx, int rows, StackedRows b, float* y, int ldy, float* scratch)
    {
        int wide = PanelsPerTask * MicroKernel.Columns;
        float* panels = scratch, packedRows = scratch + ((nint)wide * MicroKernel.StretchK);
        for (int k0 = 0; k0 < b.Rows; k0 += MicroKernel.StretchK)
        {
            int depth = Math.Min(MicroKernel.StretchK, b.Rows - k0);
            nint stride = ldx;
            float* a = Packing.Rows(x + k0, ref stride, rows, depth, packedRows);
            for (int first = 0; first < b.Columns; first += wide)
            {
                int columns = Math.Min(wide, b.Columns - first);
                b.Pack(k0, depth, first, columns, panels);
                Blocks(rows, columns, a, stride, panels, depth, y + first, ldy, k0 == 0 ? null : y + first);
            }
        }
    }

    /// <summary>Rows of C from a stretch of k: one panel of B after another, for all rows.</summary>
    private static void Blocks(
        int rows, int columns, float* a, nint stride, float* panels, int depth, float* c, int ldc, float* addend)
    {
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        for (int column = 0; column < columns; column += wide)
        {
            for (int row = 0; row < rows; row += high)
            {
                nint at = ((nint)row * ldc) + column;
                Block(
                    Math.Min(high, rows - row), Math.Min(wide, columns - column), a + (row * stride), stride, 1,
                    panels + ((nint)column * depth), depth, c + at, ldc, addend == null ? null : addend + at);
            }
        }
    }

    /// <summary>A block of C of any width up to a panel's.</summary>
    internal static void Block(
        int rows, int columns, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc,
        float* addend)
    {
        if (columns == MicroKernel.Columns)
        {
            MicroKernel.Run(rows, a, rowStep, depthStep, b, k, c, ldc, addend);
            return;
        }

        float* tile = stackalloc float[12 * 32];
        MicroKernel.Run(rows, a, rowStep, depthStep, b, k, tile, MicroKernel.Columns, null);
        for (int i = 0; i < rows; i++, tile += MicroKernel.Columns, c += ldc)
        {
            for (int j = 0; j < columns; j++)
            {
                c[j] = addend == null ? tile[j] : addend[(i * ldc) + j] + tile[j];
            }
        }
    }

    /// <summary>Panels of B that <paramref name="columns"/> columns take.</summary>
    internal static int Panels(int columns) => Ceiling(columns, MicroKernel.Columns);

    private static int PassDepth => StretchesPerPass * MicroKernel.StretchK;

    private static int RowPanels(int rows) => Ceiling(rows, MicroKernel.Rows);

    private static int Ceiling(int count, int unit) => (count + unit - 1) / unit;

    private static bool HandledAsEmpty(int m, int n, int k, float* c, int ldc, bool accumulate)
    {
        if (m > 0 && n > 0 && k <= 0 && !accumulate)
        {
            for (int i = 0; i < m; i++)
            {
                new Span<float>(c + ((nint)i * ldc), n).Clear();
            }
        }

        return m <= 0 || n <= 0 || k <= 0;
    }

    /// <summary>
    /// Some stretches of k, for all of C: as many tasks as give every thread the same, of a shape that suits the
    /// caches.
    /// </summary>
    private static void Pass(
        ThreadTeam team, ref PassBody body, int m, int n, int k, float* a, nint lda, float* c, int ldc, bool add)
    {
        if (Packing.Collide(lda, m))
        {
            CopyBody copy = new()
            {
                M = m,
                K = k,
                A = a,
                Lda = lda,
                Ldt = PassDepth + 16,
                Target = team.SharedScratch(
                (long)m * (PassDepth + 16))
            };
            team.For(RowPanels(m), ref copy);
            a = copy.Target;
            lda = copy.Ldt;
        }

        body.Team = team;
        body.M = m;
        body.N = n;
        body.K = k;
        body.A = a;
        body.Lda = lda;
        body.C = c;
        body.Ldc = ldc;
        body.Add = add;
        int panels = Panels(n), threads = team.Threads;
        if ((long)m * n * k < SerialWork)
        {
            (body.RowTasks, body.ColumnTasks) = (1, 1);
        }
        else if (body.Packed != null && m < RowsPerTask)
        {
            // Few rows: the columns alone are shared out, and finely.
            (body.RowTasks, body.ColumnTasks) = (1, Math.Min(
                12 * threads, Ceiling(panels, MicroKernel.PanelsAtOnce(m))));
        }
        else
        {
            body.RowTasks = Math.Max(1, m / (body.Packed != null ? RowsPerTask : RowsToPackFor));
            body.ColumnTasks = Math.Min(panels, Ceiling(Ceiling(panels, PanelsPerTask), threads) * threads);
        }

        team.For(body.RowTasks * body.ColumnTasks, ref body);
    }

    /// <summary>Copies rows of A to where they do not collide, a panel's worth in each task.</summary>
    private struct CopyBody : IParallelBody
    {
        public float* A, Target;
        public nint Lda, Ldt;
        public int M, K;

        public readonly void Run(int index, int worker)
        {
            int end = Math.Min(M, (index + 1) * MicroKernel.Rows);
            for (int row = index * MicroKernel.Rows; row < end; row++)
            {
                VectorMath.Copy(A + (row * Lda), Target + (row * Ldt), K);
            }
        }
    }

    /// <summary>
    /// A pass in tasks of some rows and some columns of C. Where B is not packed, each task packs the columns that it
    /// needs.
    /// </summary>
    private struct PassBody : IParallelBody
    {
        public ThreadTeam Team;
        public int M, N, K, RowTasks, ColumnTasks;
        public float* A, B, Packed, C;
        public nint Lda, Ldb, Ldc;
        public bool TransposeB, Add;

        public readonly void Run(int index, int worker)
        {
            int wide = MicroKernel.Columns, atOnce = MicroKernel.PanelsAtOnce(M);
            (int firstRow, int endRow) = Share(index % RowTasks, RowTasks, M, MicroKernel.Rows);
            (int first, int end) = Share(index / RowTasks, ColumnTasks, N, atOnce * wide);
            Panelled b = new(Packed, 0, Panels(N));
            if (Packed == null)
            {
                int panels = Panels(end - first);
                b = new(Team.Scratch(worker, (long)panels * wide * K), first, panels);
                Pack(first, end, b);
            }

            for (int row = firstRow; row < endRow; row += MicroKernel.Rows)
            {
                int rows = Math.Min(MicroKernel.Rows, endRow - row);
                for (int column = first; column < end;)
                {
                    int columns = column + (atOnce * wide) <= end ? atOnce * wide : Math.Min(wide, end - column);
                    float* target = C + (row * Ldc) + column;
                    for (int k0 = 0; k0 < K; k0 += MicroKernel.StretchK)
                    {
                        int depth = Math.Min(MicroKernel.StretchK, K - k0);
                        float* a = A + (row * Lda) + k0, panel = b.At(k0, column, depth);
                        bool add = Add || k0 > 0;
                        if (columns > wide)
                        {
                            MicroKernel.RunPanels(rows, a, Lda, panel, (nint)wide * depth, depth, target, Ldc, add);
                        }
                        else
                        {
                            Block(rows, columns, a, Lda, 1, panel, depth, target, Ldc, add ? target : null);
                        }
                    }

                    column += columns;
                }
            }
        }

        private readonly void Pack(int first, int end, Panelled packed)
        {
            int wide = MicroKernel.Columns;
            for (int k0 = 0; k0 < K; k0 += MicroKernel.StretchK)
            {
                int depth = Math.Min(MicroKernel.StretchK, K - k0);
                for (int column = first; column < end && TransposeB; column += wide)
                {
                    Packing.PackBTransposed(
                        B + (column * Ldb) + k0, Ldb, Math.Min(wide, end - column), depth,
                        packed.At(k0, column, depth));
                }

                if (!TransposeB)
                {
                    Packing.PackBPanels(
                        B + (k0 * Ldb) + first, Ldb, end - first, depth, packed.At(k0, first, depth), depth);
                }
            }
        }

        /// <summary>One of several nearly equal shares of a count, in whole units but for the last.</summary>
        private static (int First, int End) Share(int share, int shares, int count, int unit)
        {
            if (shares == 1)
            {
                return (0, count);
            }

            long units = Ceiling(count, unit);
            return ((int)(share * units / shares) * unit, Math.Min(count, (int)((share + 1) * units / shares) * unit));
        }
    }

    /// <summary>Panels of B: for every stretch of k, one panel after another.</summary>
    private readonly struct Panelled(float* data, int firstColumn, int panels)
    {
        /// <summary>
        /// The panel that begins at a column, of the stretch that begins at <paramref name="k0"/> and is
        /// <paramref name="depth"/> long.
        /// </summary>
        public float* At(int k0, int column, int depth) =>
            data + ((nint)k0 * panels * MicroKernel.Columns) + ((nint)(column - firstColumn) * depth);
    }
}
