using System.Diagnostics;
using Spar.Engine.Kernels;

namespace Spar.Bench;

/// <summary>
/// GFLOP/s of the matrix product by shape: best of several turns; beside OpenBLAS, where that is installed, the median
/// of the turns' ratios.
/// </summary>
internal static unsafe class GemmBench
{
    private const int Rounds = 51;

    private static readonly (string Name, int M, int N, int K, bool TransposeA, bool TransposeB)[] s_shapes =
    [
        ("square", 1024, 1024, 1024, false, false),
        ("135M forward q", 512, 576, 576, false, true),
        ("135M forward up", 512, 1536, 576, false, true),
        ("135M forward down", 512, 576, 1536, false, true),
        ("135M head", 512, 49152, 576, false, true),
        ("135M dX up", 512, 576, 1536, false, false),
        ("135M dW up", 1536, 576, 512, true, false),
        ("nano forward q", 6144, 128, 128, false, true),
        ("nano forward up", 6144, 384, 128, false, true),
        ("nano forward down", 6144, 128, 384, false, true),
        ("nano head", 6144, 512, 128, false, true),
        ("nano dX down", 6144, 384, 128, false, false),
        ("nano dW up", 384, 128, 6144, true, false),
    ];

    public static void Run(int threads)
    {
        using ThreadTeam team = new(threads);
        bool hasPeer = OpenBlas.Load(threads);
        Kernel(team);
        TileVectors(team);
        foreach ((string name, int m, int n, int k, bool transposeA, bool transposeB) in s_shapes)
        {
            float[] a = Fill(m * k),
                b = Fill(n * k),
                c = new float[m * n];
            fixed (
                float* pa = a,
                    pb = b,
                    pc = c
            )
            {
                float* x = pa,
                    y = pb,
                    z = pc;
                int lda = transposeA ? m : k,
                    ldb = transposeB ? k : n;
                Report(
                    $"{name} {m}x{n}x{k}",
                    2.0 * m * n * k,
                    transposeA
                        ? WeightGradient(team, m, n, k, x, y, z)
                        : () => Gemm.Multiply(team, m, n, k, x, lda, y, ldb, transposeB, z, n),
                    hasPeer ? () => OpenBlas.Multiply(m, n, k, x, lda, transposeA, y, ldb, transposeB, z, n) : null
                );
            }
        }

        foreach ((int outputs, int inputs) in ((int, int)[])[(128, 128), (384, 128), (2048, 2048)])
        {
            PackedMatrix w = new(Fill(outputs * inputs), outputs, inputs);
            foreach (int rows in (int[])[1, 2, 4, 8, 16])
            {
                float[] a = Fill(rows * inputs),
                    c = new float[rows * outputs];
                fixed (
                    float* pa = a,
                        pc = c
                )
                {
                    float* x = pa,
                        z = pc;
                    Report(
                        $"decode {rows} x [{outputs}, {inputs}]",
                        2.0 * rows * outputs * inputs,
                        () => Gemm.Multiply(team, x, inputs, rows, w, z, outputs)
                    );
                }
            }
        }
    }

    /// <summary>
    /// What is left when nothing has to be packed or brought into the cache: one block of C, again and again on every
    /// thread.
    /// </summary>
    private static void Kernel(ThreadTeam team)
    {
        const int K = 128,
            Times = 10_000;
        int rows = MicroKernel.Rows,
            columns = MicroKernel.Columns;
        float[] a = Fill(rows * K),
            b = Fill(columns * K);
        fixed (
            float* pa = a,
                pb = b
        )
        {
            float* x = pa,
                y = pb;
            Report(
                $"kernel alone {rows}x{columns}x{K}",
                2.0 * team.Threads * Times * rows * columns * K,
                OnEveryThread(team, Times, rows * columns, c => MicroKernel.Run(rows, x, K, 1, y, K, c, columns, null))
            );
        }
    }

    /// <summary>The same of bfloat16 on vectors, as processors without AMX do it.</summary>
    private static void TileVectors(ThreadTeam team)
    {
        const int Blocks = 8,
            Times = 1_000;
        ushort[] a = new ushort[2 * Blocks * TileKernel.Tile],
            b = new ushort[2 * Blocks * TileKernel.Tile];
        float[] numbers = Fill(TileKernel.Block * TileKernel.Depth);
        fixed (float* p = numbers)
        fixed (
            ushort* pa = a,
                pb = b
        )
        {
            ushort* x = pa,
                y = pb;
            for (int i = 0; i < 2 * Blocks; i++)
            {
                TilePacking.PackA(p, TileKernel.Depth, TileKernel.Side, TileKernel.Depth, x + (i * TileKernel.Tile));
                TilePacking.PackB(p, TileKernel.Block, TileKernel.Side, TileKernel.Depth, y + (i * TileKernel.Tile));
            }

            const int Side = TileKernel.Block,
                K = Blocks * TileKernel.Depth;
            Report(
                $"bfloat16 on vectors {Side}x{Side}x{K}",
                2.0 * team.Threads * Times * Side * Side * K,
                OnEveryThread(
                    team,
                    Times,
                    Side * Side,
                    c => TileKernel.RunVectors(Side, Blocks, x, Blocks * TileKernel.Tile, y, c, Side, false)
                )
            );
        }
    }

    private delegate void Block(float* c);

    /// <summary>The same block of C, again and again on every thread.</summary>
    private static Action OnEveryThread(ThreadTeam team, int times, int size, Block run) =>
        () =>
            team.For(
                team.Threads,
                _ =>
                {
                    float* c = stackalloc float[size];
                    for (int i = 0; i < times; i++)
                    {
                        run(c);
                    }
                }
            );

    /// <summary>
    /// C += A^T B as training does it: B is packed block of rows by block of rows, and the product is made in tasks.
    /// </summary>
    private static Action WeightGradient(ThreadTeam team, int m, int n, int k, float* a, float* b, float* c)
    {
        const int Block = 96;
        FloatRows rows = new();
        rows.Reserve(k, n);
        TransposedProduct product = new(a, m, m, rows, c, n);
        return () =>
        {
            team.For(
                (k + Block - 1) / Block,
                block => rows.Put(block * Block, Math.Min(Block, k - (block * Block)), b + ((nint)block * Block * n), n)
            );
            team.For(
                product.Tasks,
                (task, worker) => product.Run(task, team.Scratch(worker, product.Scratch))
            );
        };
    }

    // Both sides by turns, so that neither has the better half of a minute; a pause lets the other side's threads fall
    // asleep.
    private static void Report(string name, double flops, Action ours, Action? theirs = null)
    {
        List<double> times = [],
            peers = [];
        int inner = (int)Math.Clamp(4e9 / flops, 1, 20_000);
        for (int round = 0; round < (theirs is null ? 20 : Rounds); round++)
        {
            times.Add(Seconds(ours));
            if (theirs is not null)
            {
                Thread.Sleep(100);
                peers.Add(Seconds(theirs));
                Thread.Sleep(100);
            }
        }

        double ratio = times.Zip(peers, (mine, peer) => peer / mine).Order().ElementAtOrDefault(Rounds / 2);
        Figure.Print(
            name,
            flops / times.Min() / 1e9,
            "GFLOP/s",
            theirs is null
                ? ""
                : FormattableString.Invariant($"OpenBLAS {flops / peers.Min() / 1e9:F1}, ratio {ratio:F2}")
        );

        double Seconds(Action action)
        {
            long start = 0;
            for (int i = -inner; i < inner; i++)
            {
                start = i == 0 ? Stopwatch.GetTimestamp() : start; // the first half wakes threads and caches
                action();
            }

            return Stopwatch.GetElapsedTime(start).TotalSeconds / inner;
        }
    }

    private static float[] Fill(int count)
    {
        Random random = new(1);
        float[] numbers = GC.AllocateUninitializedArray<float>(count);
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (float)random.NextDouble() - 0.5f;
        }

        return numbers;
    }
}
