using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Kernels;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Kernels;

public sealed unsafe class GemmTests : IDisposable
{
    private readonly ThreadTeam _one = new(1);
    private readonly ThreadTeam _three = new(3);

    public void Dispose()
    {
        _one.Dispose();
        _three.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 33, 7)]
    [InlineData(1, 160, 600)]
    [InlineData(2, 128, 128)]
    [InlineData(3, 97, 513)]
    [InlineData(5, 31, 1025)]
    [InlineData(11, 64, 64)]
    [InlineData(13, 65, 130)]
    [InlineData(100, 40, 96)]
    [InlineData(790, 70, 33)]
    [InlineData(25, 4100, 9)]
    [InlineData(2100, 70, 20)]
    public void Product_matches_double_precision(int m, int n, int k)
    {
        foreach (bool transposeB in (bool[])[false, true])
        {
            AssertMatches(m, n, k, false, transposeB, accumulate: false);
            AssertMatches(m, n, k, false, transposeB, accumulate: true);
        }

        AssertMatches(m, n, k, true, false, accumulate: true);
    }

    [Fact]
    public void Random_shapes_match_double_precision() =>
        Prop.ForAll(
                (
                    from m in Gen.Choose(1, 40)
                    from n in Gen.Choose(1, 90)
                    from k in Gen.Choose(1, 60)
                    from flags in Gen.Choose(0, 7)
                    select (m, n, k, flags)
                ).ToArbitrary(),
                shape =>
                    AssertMatches(
                        shape.m,
                        shape.n,
                        shape.k,
                        shape.flags > 3,
                        shape.flags < 4 && (shape.flags & 1) != 0,
                        shape.flags > 3 || (shape.flags & 2) != 0
                    )
            )
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(700)]
    [InlineData(1536)] // rows at this distance collide in the cache and are copied first
    public void A_row_has_the_same_bits_alone_in_any_batch_and_at_any_thread_count(int k)
    {
        const int M = 210,
            N = 200;
        float[] x = Numbers(M * k, 1),
            w = Numbers(N * k, 2);
        PackedMatrix packed = new(w, N, k);
        float[] expected = new float[M * N];
        fixed (
            float* px = x,
                pw = w,
                pe = expected
        )
        {
            for (int row = 0; row < M; row++)
            {
                Gemm.Multiply(_one, 1, N, k, px + (row * k), k, pw, k, true, pe + (row * N), N);
            }

            foreach (int rows in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 29, 100, M])
            {
                foreach (ThreadTeam team in (ThreadTeam[])[_one, _three])
                {
                    float[] plain = new float[M * N],
                        prepacked = new float[M * N];
                    fixed (
                        float* p = plain,
                            q = prepacked
                    )
                    {
                        for (int row = 0; row < M; row += rows)
                        {
                            int count = Math.Min(rows, M - row);
                            Gemm.Multiply(team, count, N, k, px + (row * k), k, pw, k, true, p + (row * N), N);
                            Gemm.Multiply(team, px + (row * k), k, count, packed, q + (row * N), N);
                        }
                    }

                    Assert.True(expected.AsSpan().SequenceEqual(plain), $"batches of {rows}, {team.Threads} threads");
                    Assert.True(
                        expected.AsSpan().SequenceEqual(prepacked),
                        $"packed, batches of {rows}, {team.Threads} threads"
                    );
                }
            }
        }
    }

    [Theory]
    [InlineData(5, 33, 20)]
    [InlineData(96, 300, 400)]
    [InlineData(29, 70, 1536)]
    public void A_matrix_that_is_laid_out_on_the_way_gives_the_same_bits(int rows, int n, int k)
    {
        int[] heights = [k / 3, 1, k - (k / 3) - 1];
        Tensor[] parts = [.. heights.Select(height => new Tensor(height, n))];
        float[] x = Numbers(rows * k, 1),
            w = Numbers(k * n, 2),
            expected = new float[rows * n],
            actual = new float[rows * n];
        int taken = 0;
        foreach (Tensor part in parts)
        {
            w.AsSpan(taken, part.Count).CopyTo(part.Data);
            taken += part.Count;
        }

        fixed (
            float* px = x,
                pw = w,
                pe = expected,
                pa = actual
        )
        {
            Gemm.Multiply(_one, rows, n, k, px, k, pw, n, false, pe, n);
            Gemm.MultiplyRows(
                px, k, rows, new StackedRows(parts), pa, n, _one.Scratch(0, Gemm.RowsScratch(rows)));
        }

        Assert.True(expected.AsSpan().SequenceEqual(actual));
    }

    [Fact]
    public void Transposed_storage_and_position_in_C_do_not_change_bits()
    {
        const int M = 77,
            N = 75,
            K = 1100;
        float[] a = Numbers(M * K, 3),
            b = Numbers(K * N, 4);
        float[] at = Transpose(a, M, K),
            bt = Transpose(b, K, N);
        float[] expected = Product(_one, M, N, K, a, false, b, false);
        Assert.Equal(expected, Product(_three, M, N, K, a, false, bt, true));
        Assert.Equal(expected, Product(_three, M, N, K, at, true, b, false));

        // The last 43 columns alone: they sit elsewhere in their panels.
        const int Skip = 32;
        float[] part = new float[M * (N - Skip)];
        fixed (
            float* pa = a,
                pb = b,
                pc = part
        )
        {
            Gemm.Multiply(_three, M, N - Skip, K, pa, K, pb + Skip, N, false, pc, N - Skip);
        }

        for (int i = 0; i < M; i++)
        {
            Assert.True(part.AsSpan(i * (N - Skip), N - Skip).SequenceEqual(expected.AsSpan((i * N) + Skip, N - Skip)));
        }
    }

    [Fact]
    public void An_empty_sum_clears_C_unless_it_accumulates()
    {
        float[] c = [1, 2, 3, 4];
        fixed (float* p = c)
        {
            Gemm.Multiply(_one, 2, 2, 0, p, 1, p, 1, false, p, 2, accumulate: true);
            Assert.Equal([1, 2, 3, 4], c);
            Gemm.Multiply(_one, 2, 2, 0, p, 1, p, 1, false, p, 2);
            Assert.Equal([0, 0, 0, 0], c);
        }
    }

    internal static float[] Numbers(int count, int seed)
    {
        Random random = new(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (float)((random.NextDouble() * 2) - 1);
        }

        return numbers;
    }

    private static float[] Transpose(float[] matrix, int rows, int columns)
    {
        float[] result = new float[matrix.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                result[(j * rows) + i] = matrix[(i * columns) + j];
            }
        }

        return result;
    }

    private static float[] Product(
        ThreadTeam team,
        int m,
        int n,
        int k,
        float[] a,
        bool transposeA,
        float[] b,
        bool transposeB
    )
    {
        float[] c = new float[m * n];
        fixed (
            float* pa = a,
                pb = b,
                pc = c
        )
        {
            Multiply(
                team,
                m,
                n,
                k,
                pa,
                transposeA ? m : k,
                transposeA,
                pb,
                transposeB ? k : n,
                transposeB,
                pc,
                n,
                accumulate: transposeA
            );
        }

        return c;
    }

    /// <summary>A product, or where A is stored transposed, one that adds and takes B packed.</summary>
    private static void Multiply(
        ThreadTeam team,
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
        int ldc,
        bool accumulate
    )
    {
        if (!transposeA)
        {
            Gemm.Multiply(team, m, n, k, a, lda, b, ldb, transposeB, c, ldc, accumulate);
            return;
        }

        Assert.True(accumulate && !transposeB);
        using FloatRows rows = new();
        rows.Reserve(k, n);
        for (int first = 0; first < k; first += 10)
        {
            rows.Put(first, Math.Min(10, k - first), b + ((nint)first * ldb), ldb);
        }

        TransposedProduct product = new(a, lda, m, rows, c, ldc);
        team.For(product.Tasks, (task, worker) => product.Run(task, team.Scratch(worker, product.Scratch)));
    }

    private void AssertMatches(int m, int n, int k, bool transposeA, bool transposeB, bool accumulate)
    {
        // Leading dimensions wider than the matrix, and a guard column in C that must stay.
        int lda = (transposeA ? m : k) + 3,
            ldb = (transposeB ? k : n) + 2,
            ldc = n + 1;
        float[] a = Numbers((transposeA ? k : m) * lda, 5),
            b = Numbers((transposeB ? n : k) * ldb, 6),
            c = Numbers(m * ldc, 7);
        float[] before = [.. c];
        fixed (
            float* pa = a,
                pb = b,
                pc = c
        )
        {
            Multiply(_three, m, n, k, pa, lda, transposeA, pb, ldb, transposeB, pc, ldc, accumulate);
        }

        double tolerance = 2e-7 * (k + 4);
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = accumulate ? before[(i * ldc) + j] : 0;
                for (int p = 0; p < k; p++)
                {
                    sum +=
                        (double)(transposeA ? a[(p * lda) + i] : a[(i * lda) + p])
                        * (transposeB ? b[(j * ldb) + p] : b[(p * ldb) + j]);
                }

                Assert.True(
                    Math.Abs(sum - c[(i * ldc) + j]) <= tolerance,
                    $"{m}x{n}x{k} A{transposeA} B{transposeB} +{accumulate} at {i},{j}: {c[(i * ldc) + j]} for {sum}"
                );
            }

            Assert.Equal(before[(i * ldc) + n], c[(i * ldc) + n]);
        }
    }
}
