namespace Spar.Engine.Kernels;

/// <summary>
/// Matrix products in float32. Every element of C is one chain of fused multiply-adds in the order of k, broken only every
/// <see cref="MicroKernel.StretchK"/> steps, where the stretch's sum is added to C. The order depends on k alone: not on the other rows and
/// columns, the number of threads, or on whether B was packed before. A row computed alone has the same bits as in a batch.
/// Knows nothing of layers; matrices are pointers to row-major floats with a leading dimension (floats from one row to the next).
/// </summary>
public static unsafe class Gemm
{
    private const int PanelsPerBlock = 8;        // panels of A that one task keeps in its L2 cache
    private const int StretchesPerPass = 2;      // stretches of k done one after the other for each block of C, while it is in the L1 cache
    private const int ColumnsPerPass = 1024;     // columns of B packed at a time: their panels are read again by every task
    private const int PackDepth = 32;            // where k is outermost in memory, rows that one task packs: they are read from end to end
    private const long SerialWork = 100_000;     // multiply-adds below which waking the team costs more than it gains

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
        ThreadTeam team, int m, int n, int k, float* a, int lda, float* b, int ldb, bool transposeB, float* c, int ldc, bool accumulate = false)
    {
        if (HandledAsEmpty(m, n, k, c, ldc, accumulate))
        {
            return;
        }

        for (int n0 = 0; n0 < n; n0 += ColumnsPerPass)
        {
            int width = Math.Min(ColumnsPerPass, n - n0);
            for (int k0 = 0; k0 < k; k0 += PassDepth)
            {
                int depth = Math.Min(PassDepth, k - k0);
                long aFloats = SharedRowFloats(team, m, depth);
                float* packedB = team.SharedScratch(aFloats + ((long)Panels(width) * MicroKernel.Columns * depth)) + aFloats;
                PackBBody pack = new()
                {
                    B = b + (transposeB ? ((nint)n0 * ldb) + k0 : ((nint)k0 * ldb) + n0),
                    Ldb = ldb,
                    Transposed = transposeB,
                    N = width,
                    K = depth,
                    Packed = packedB,
                };
                Run(team, pack.Items, ref pack, (long)width * depth * 8);
                Pass(team, m, width, depth, a + k0, lda, packedB, c + n0, ldc, accumulate || k0 > 0);
            }
        }
    }

    /// <summary>y [rows, outputs] = or += x [rows, inputs] W^T for a packed W.</summary>
    /// <param name="team">Threads to use.</param>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next, at least <see cref="PackedMatrix.Inputs"/>.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next, at least <see cref="PackedMatrix.Outputs"/>.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public static void Multiply(ThreadTeam team, float* x, int ldx, int rows, PackedMatrix w, float* y, int ldy, bool accumulate = false)
    {
        for (int k0 = 0; k0 < w.Inputs && rows > 0; k0 += PassDepth)
        {
            int depth = Math.Min(PassDepth, w.Inputs - k0);
            team.SharedScratch(SharedRowFloats(team, rows, depth));
            Pass(team, rows, w.Outputs, depth, x + k0, ldx, w.Stretch(k0), y, ldy, accumulate || k0 > 0);
        }
    }

    /// <summary>Floats of scratch memory that <see cref="MultiplyRows"/> needs for a number of rows.</summary>
    internal static long RowsScratch(int rows) => RowPanels(rows) * (long)MicroKernel.Rows * MicroKernel.RowPanelStride;

    /// <summary>The product of <see cref="Multiply(ThreadTeam, float*, int, int, PackedMatrix, float*, int, bool)"/> on the calling thread alone, for use inside a parallel loop over blocks of rows.</summary>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="addend">What to add to, with y's leading dimension; y itself to accumulate, null for nothing.</param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats.</param>
    internal static void MultiplyRows(float* x, int ldx, int rows, PackedMatrix w, float* y, int ldy, float* addend, float* scratch)
    {
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        for (int k0 = 0; k0 < w.Inputs; k0 += MicroKernel.StretchK, addend = y)
        {
            int depth = Math.Min(MicroKernel.StretchK, w.Inputs - k0);
            nint stride = ldx;
            float* a = x + k0;
            if (Packing.Collide(stride))
            {
                for (int row = 0; row < rows; row += high)
                {
                    Packing.PackARows(a + ((nint)row * ldx), ldx, Math.Min(high, rows - row), depth, scratch + ((nint)row * MicroKernel.RowPanelStride));
                }

                a = scratch;
                stride = MicroKernel.RowPanelStride;
            }

            for (int column = 0; column < w.Outputs; column += wide)
            {
                float* panel = w.Stretch(k0) + ((nint)column * depth);
                for (int row = 0; row < rows; row += high)
                {
                    nint at = ((nint)row * ldy) + column;
                    Block(
                        Math.Min(high, rows - row), Math.Min(wide, w.Outputs - column), a + (row * stride), stride, 1, panel, depth, y + at, ldy,
                        addend == null ? null : addend + at);
                }
            }
        }
    }

    /// <summary>A block of C of any width up to a panel's.</summary>
    internal static void Block(int rows, int columns, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
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
    internal static int Panels(int columns) => (columns + MicroKernel.Columns - 1) / MicroKernel.Columns;

    private static int PassDepth => StretchesPerPass * MicroKernel.StretchK;

    private static int Stretches(int depth) => (depth + MicroKernel.StretchK - 1) / MicroKernel.StretchK;

    private static int RowPanels(int rows) => (rows + MicroKernel.Rows - 1) / MicroKernel.Rows;

    private static long RowPanelFloats => MicroKernel.Rows * MicroKernel.RowPanelStride;

    /// <summary>Room for the rows of A where they are too few to share out.</summary>
    private static long SharedRowFloats(ThreadTeam team, int rows, int depth) => Math.Min(RowPanels(rows), 2 * team.Threads) * Stretches(depth) * RowPanelFloats;

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

    /// <summary>Some stretches of k, with B packed: all panels of the first stretch, then those of the next.</summary>
    private static void Pass(ThreadTeam team, int m, int n, int k, float* a, int lda, float* packedB, float* c, int ldc, bool add)
    {
        long work = (long)m * n * k;
        int rowPanels = RowPanels(m), columnPanels = Panels(n);
        BlockBody body = new()
        {
            M = m,
            N = n,
            K = k,
            A = a,
            Lda = lda,
            B = packedB,
            C = c,
            Ldc = ldc,
            Add = add,
            Team = team,
        };
        if (rowPanels >= 2 * team.Threads)
        {
            // Enough rows for all threads: each packs its own rows, which then stay in its cache.
            int atLeast = Math.Max(2 * team.Threads, (rowPanels + PanelsPerBlock - 1) / PanelsPerBlock);
            body.RowTasks = Math.Min(rowPanels, (atLeast + team.Threads - 1) / team.Threads * team.Threads);
            body.ColumnPanelsPerTask = columnPanels;
        }
        else
        {
            // Few rows: they are packed once, and the columns are shared out.
            body.PackedA = team.SharedScratch(0);
            body.Pack(0, rowPanels, body.PackedA);
            int atOnce = MicroKernel.PanelsAtOnce(m), grain = 12 * team.Threads;
            body.RowTasks = 1;
            body.ColumnPanelsPerTask = (((columnPanels + grain - 1) / grain) + atOnce - 1) / atOnce * atOnce;
        }

        body.ColumnTasks = (columnPanels + body.ColumnPanelsPerTask - 1) / body.ColumnPanelsPerTask;
        Run(team, body.RowTasks * body.ColumnTasks, ref body, work);
    }

    private static void Run<TBody>(ThreadTeam team, int count, ref TBody body, long work)
        where TBody : struct, IParallelBody
    {
        if (work >= SerialWork)
        {
            team.For(count, ref body);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            body.Run(i, 0);
        }
    }

    private struct PackBBody : IParallelBody
    {
        public float* B, Packed;
        public nint Ldb;
        public bool Transposed;
        public int N, K;

        public readonly int Items => Transposed ? Panels(N) * Stretches(K) : (K + PackDepth - 1) / PackDepth;

        public readonly void Run(int index, int worker)
        {
            if (Transposed)
            {
                int first = index % Panels(N) * MicroKernel.Columns;
                int stretch = index / Panels(N) * MicroKernel.StretchK;
                int length = Math.Min(MicroKernel.StretchK, K - stretch);
                Packing.PackBTransposed(B + (first * Ldb) + stretch, Ldb, Math.Min(MicroKernel.Columns, N - first), length, Panel(stretch) + ((nint)first * length));
                return;
            }

            int k0 = index * PackDepth;
            int depth = Math.Min(PackDepth, K - k0);
            int from = k0 - (k0 % MicroKernel.StretchK);
            int stretchLength = Math.Min(MicroKernel.StretchK, K - from);
            for (int first = 0; first < N; first += MicroKernel.Columns)
            {
                float* panel = Panel(from) + ((nint)first * stretchLength) + ((k0 - from) * MicroKernel.Columns);
                Packing.PackBRows(B + (k0 * Ldb) + first, Ldb, Math.Min(MicroKernel.Columns, N - first), depth, panel);
            }
        }

        /// <summary>The first panel of a stretch.</summary>
        private readonly float* Panel(int stretch) => Packed + ((nint)stretch * Panels(N) * MicroKernel.Columns);
    }

    private struct BlockBody : IParallelBody
    {
        public float* A, B, C, PackedA;
        public nint Lda, Ldc;
        public int M, N, K, RowTasks, ColumnPanelsPerTask, ColumnTasks;
        public bool Add;
        public ThreadTeam Team;

        public readonly void Run(int index, int worker)
        {
            int rowTask = index / ColumnTasks, rowPanels = RowPanels(M);
            int firstPanel = (int)((long)rowTask * rowPanels / RowTasks);
            int panels = (int)((rowTask + 1L) * rowPanels / RowTasks) - firstPanel;
            int firstColumnPanel = index % ColumnTasks * ColumnPanelsPerTask;
            int lastColumnPanel = Math.Min(firstColumnPanel + ColumnPanelsPerTask, Panels(N));
            float* packed = PackedA != null ? PackedPanel(PackedA, firstPanel, 0) : Team.Scratch(worker, panels * Stretches(K) * RowPanelFloats);
            if (PackedA == null)
            {
                Pack(firstPanel, panels, packed);
            }

            int atOnce = MicroKernel.PanelsAtOnce(M);
            int columnPanel = firstColumnPanel;
            if (atOnce > 1)
            {
                for (; columnPanel + atOnce <= lastColumnPanel && (columnPanel + atOnce) * MicroKernel.Columns <= N; columnPanel += atOnce)
                {
                    for (int k0 = 0; k0 < K; k0 += MicroKernel.StretchK)
                    {
                        int length = Math.Min(MicroKernel.StretchK, K - k0), column = columnPanel * MicroKernel.Columns;
                        MicroKernel.RunPanels(
                            M, PackedPanel(packed, 0, k0), ColumnPanel(columnPanel, k0, length), (nint)MicroKernel.Columns * length, length, C + column, Ldc, Add || k0 > 0);
                    }
                }
            }

            for (; columnPanel < lastColumnPanel; columnPanel++)
            {
                for (int i = 0; i < panels; i++)
                {
                    int row = (firstPanel + i) * MicroKernel.Rows, column = columnPanel * MicroKernel.Columns;
                    int rows = Math.Min(MicroKernel.Rows, M - row), columns = Math.Min(MicroKernel.Columns, N - column);
                    float* target = C + (row * Ldc) + column;
                    for (int k0 = 0; k0 < K; k0 += MicroKernel.StretchK)
                    {
                        int length = Math.Min(MicroKernel.StretchK, K - k0);
                        float* panel = PackedPanel(packed, i, k0), other = ColumnPanel(columnPanel, k0, length), addend = Add || k0 > 0 ? target : null;
                        Block(rows, columns, panel, MicroKernel.RowPanelStride, 1, other, length, target, Ldc, addend);
                    }
                }
            }
        }

        /// <summary>Packs some panels of A, all stretches of the first and then those of the next.</summary>
        public readonly void Pack(int firstPanel, int panels, float* packed)
        {
            for (int k0 = 0; k0 < K; k0 += MicroKernel.StretchK)
            {
                for (int i = 0; i < panels; i++)
                {
                    int row = (firstPanel + i) * MicroKernel.Rows, rows = Math.Min(MicroKernel.Rows, M - row);
                    Packing.PackARows(A + (row * Lda) + k0, Lda, rows, Math.Min(MicroKernel.StretchK, K - k0), PackedPanel(packed, i, k0));
                }
            }
        }

        /// <summary>A panel of packed rows at the beginning of a stretch.</summary>
        private readonly float* PackedPanel(float* packed, int panel, int k0) =>
            packed + (((panel * (nint)Stretches(K)) + (k0 / MicroKernel.StretchK)) * (nint)RowPanelFloats);

        /// <summary>A panel of B at the beginning of a stretch.</summary>
        private readonly float* ColumnPanel(int panel, int k0, int length) =>
            B + ((nint)k0 * Panels(N) * MicroKernel.Columns) + ((nint)panel * MicroKernel.Columns * length);
    }
}
