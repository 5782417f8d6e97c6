using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Spar.Engine.Kernels;
using Spar.Engine.Kernels.Quantized;

namespace Spar.Bench;

/// <summary>
/// Would kernels of machine code that is made at start be worth it? One thread; the engine's kernels and emitted ones by
/// turns, the best of many short turns of each in processor time, once their results have been compared.
/// </summary>
internal static unsafe class EmittedBench
{
    /// <summary>Prints what the processor has, then thousands of millions of multiply-adds a second.</summary>
    /// <returns>The exit code: 1 where the processor lacks what is measured.</returns>
    public static int Run()
    {
        (_, _, int ecx, int edx) = X86Base.IsSupported ? X86Base.CpuId(7, 0) : default;
        int eax = X86Base.IsSupported ? X86Base.CpuId(7, 1).Eax : 0;
        (string Name, bool Has)[] sets =
        [
            ("avx512_vnni", Bit(ecx, 11)), ("avx512_bf16", Bit(eax, 5)), ("avx_vnni", Bit(eax, 4)), ("AvxVnni of .NET", AvxVnni.IsSupported),
            ("amx_tile", Bit(edx, 24)), ("amx_int8", Bit(edx, 25)), ("amx_bf16", Bit(edx, 22)),
        ];
        Console.WriteLine($"{KernelPath.Description}; {string.Join(", ", sets.Select(set => $"{set.Name} {(set.Has ? "yes" : "no")}"))}");
        if (OperatingSystem.IsWindows() || !Avx512BW.IsSupported || !sets[0].Has || !sets[1].Has)
        {
            Console.Error.WriteLine("emitted: needs avx512_vnni, avx512_bf16 and the calling convention of Linux");
            return 1;
        }

        foreach (int outputs in (int[])[768, 262_144])
        {
            Integers(outputs, new QuantizedLayout(true, 0, ScaleKind.HalfWithOffset));
            Integers(outputs, new QuantizedLayout(false, 128, ScaleKind.Half));
        }

        foreach ((int m, int n, int k) in ((int, int, int)[])
            [(24, 32, 128), (512, 576, 576), (512, 1536, 576), (512, 576, 1536), (6144, 384, 128), (6144, 128, 384)])
        {
            BFloat16(m, n, k);
        }

        return 0;

        static bool Bit(int word, int bit) => (word >> bit & 1) != 0;
    }

    private static void Integers(int outputs, QuantizedLayout layout)
    {
        const int Inputs = 576, Columns = QuantizedLayout.PanelRows;
        using QuantizedMatrix w = new(outputs, Inputs, layout);
        using QuantizedMatrix dots = new(outputs, Inputs, DotInstructions.Best(layout));
        Random random = new(1);
        byte[] row = new byte[Inputs], scales = new byte[w.Blocks * layout.GroupScaleBytes];
        random.NextBytes(row);
        foreach (ref Half scale in MemoryMarshal.Cast<byte, Half>(scales.AsSpan()))
        {
            scale = (Half)(random.NextDouble() - 0.5);
        }

        for (int output = 0; output < outputs; output++)
        {
            row[output % Inputs] += 77;
            byte[] codes = layout.Nibbles ? [.. row.Select(code => (byte)(code & 15))] : row;
            w.SetRow(output, codes, scales);
            dots.SetRow(output, codes, scales);
        }

        foreach (int rows in (int[])[1, 8, 32])
        {
            int height = Math.Min(rows, QuantizedGemm.TileRows);
            using AlignedBuffer x = new(), y = new(), exact = new(), rounded = new(), other = new();
            Fill(x.Reserve(rows * Inputs), rows * Inputs);
            Pack(w, true, exact);
            Pack(w, false, rounded);
            Pack(dots, false, other);
            float* results = y.Reserve(2 * rows * Columns), others = results + (rows * Columns);
            Engine(false, 1);
            Emitted(1);
            Check(new Span<float>(results, rows * Columns).SequenceEqual(new Span<float>(others, rows * Columns)));
            Compare(
                $"{(layout.Nibbles ? 4 : 8)} bits, {outputs} outputs, {rows} rows", (double)rows * outputs * Inputs,
                ("exact", () => Engine(true, w.Panels)),
                ("rounded", () => Engine(false, w.Panels)),
                ("vpdpbusd", () => Emitted(w.Panels)));

            void Pack(QuantizedMatrix like, bool isExact, AlignedBuffer tiles)
            {
                byte* tile = (byte*)tiles.Reserve(QuantizedGemm.Scratch(like, rows, isExact));
                for (int i = 0; i < rows; i += height, tile += height * QuantizedGemm.TileBytes(like, isExact))
                {
                    QuantizedGemm.Pack(like, isExact, x.Data + (i * Inputs), Inputs, height, tile);
                }
            }

            void Engine(bool isExact, int panels)
            {
                byte* tiles = (byte*)(isExact ? exact : rounded).Data;
                for (int panel = 0; panel < panels; panel++)
                {
                    float* at = results - (panel * Columns);
                    QuantizedGemm.Panel<ByteUnit512, Vector512<byte>>(w, panel, rows, tiles, isExact, at, Columns, false);
                }
            }

            void Emitted(int panels)
            {
                for (int panel = 0; panel < panels; panel++)
                {
                    byte* tile = (byte*)other.Data;
                    for (int i = 0; i < rows; i += height, tile += height * QuantizedGemm.TileBytes(dots, false))
                    {
                        DotInstructions.Run(dots, panel, height, tile, others + (i * Columns), Columns, add: false);
                    }
                }
            }
        }
    }

    // Weights are packed beforehand, as a step does it once; activations are rounded (nearest, ties to even) within the time.
    private static void BFloat16(int m, int n, int k)
    {
        const int Rows = 8, Columns = 32;
        using ThreadTeam team = new(1);
        using AlignedBuffer buffer = new();
        float* x = buffer.Reserve(((m + n) * (k + (k / 2))) + (2 * m * n)), b = x + (m * k), y = b + (n * k), z = y + (m * n);
        ushort* x16 = (ushort*)(z + (m * n)), b16 = x16 + (m * k);
        Fill(x, (m + n) * k);
        PackedMatrix packed = new(new ReadOnlySpan<float>(b, n * k), n, k);
        for (int i = 0; i < n * k; i++)
        {
            (int column, int depth) = (i / k, i % k);
            int at = (column / Columns * Columns * k) + (depth / 2 * 2 * Columns) + (column % Columns * 2) + (depth % 2);
            b16[at] = (ushort)(Round(Vector512.Create(b[i])).GetElement(0) >> 16);
        }

        using CodePage page = EmittedKernels.BFloat16(Rows, k);
        var entry = (delegate* unmanaged[SuppressGCTransition]<nint, ushort*, ushort*, nint, float*, nint, void>)page.Entry();
        void Emitted()
        {
            for (int i = 0; i < m * k; i += 16)
            {
                Avx512F.ConvertToVector256UInt16(Round(Vector512.Load(x + i)) >>> 16).Store(x16 + i);
            }

            for (int column = 0; column < n; column += Columns)
            {
                for (int row = 0; row < m; row += Rows)
                {
                    entry(k / 2, b16 + (column * k), x16 + (row * k), k * 2, z + (row * n) + column, n * 4);
                }
            }
        }

        TileMatrix tiles = new(new ReadOnlySpan<float>(b, n * k), n, k);
        float[] others = new float[m * n];
        fixed (float* target = others)
        {
            float* t = target;
            Compare(
                $"{m}x{n}x{k}", (double)m * n * k,
                ("float32", () => Gemm.Multiply(team, x, k, m, packed, y, n)),
                ("vdpbf16ps", Emitted),
                (
                    TileInstructions.IsSupported ? "tiles" : "tiles' bits",
                    () => TileGemm.Multiply(team, x, k, m, tiles, t, n, false)
                ));
        }

        double error = 0, size = 0;
        for (int i = 0; i < m * n; i++)
        {
            float sum = 0; // for each pair two fused multiply-adds, of the second numbers first
            for (int j = 0; j < k && i < 1000; j++)
            {
                sum = MathF.FusedMultiplyAdd(Rounded(x[(i / n * k) + (j ^ 1)]), Rounded(b[(i % n * k) + (j ^ 1)]), sum);
            }

            Check(i >= 1000 || sum == z[i]);
            (error, size) = (error + Math.Pow(y[i] - z[i], 2), size + Math.Pow(y[i], 2));
        }

        Console.WriteLine(FormattableString.Invariant($"    root mean square of its error: {Math.Sqrt(error / size):E1}"));

        static float Rounded(float value) =>
            BitConverter.UInt32BitsToSingle(Round(Vector512.Create(value)).GetElement(0) & 0xffff0000);
    }

    private static Vector512<uint> Round(Vector512<float> x) =>
        x.AsUInt32() + Vector512.Create(0x7fffu) + ((x.AsUInt32() >>> 16) & Vector512<uint>.One);

    private static void Fill(float* numbers, int count)
    {
        Random random = new(2);
        foreach (ref float number in new Span<float>(numbers, count))
        {
            number = random.NextSingle() - 0.5f;
        }
    }

    private static void Check(bool isSame) =>
        _ = isSame ? 0 : throw new InvalidOperationException("An emitted kernel gives other bits.");

    private static void Compare(string name, double multiplyAdds, params (string Name, Action Pass)[] contenders)
    {
        double[] best = [.. contenders.Select(_ => double.MaxValue)], passes = new double[contenders.Length];
        for (int turn = 0; turn < 27; turn++)
        {
            for (int i = 0; i < contenders.Length; i++)
            {
                TimeSpan start = Environment.CpuUsage.TotalTime;
                int pass = 0;
                do
                {
                    contenders[i].Pass();
                } while (++pass < passes[i]);

                // The first turn compiles, the second tells the time of a pass.
                double seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds / pass;
                passes[i] = turn == 1 ? 0.012 / seconds : passes[i];
                best[i] = Math.Min(best[i], seconds);
            }
        }

        for (int i = 0; i < contenders.Length; i++)
        {
            IEnumerable<string> ratios = contenders.Take(i).Select((other, j) => FormattableString.Invariant($"{best[j] / best[i]:F2} x {other.Name}"));
            Figure.Print($"{name}, {contenders[i].Name}", multiplyAdds / best[i] / 1e9, "G multiply-adds/s", string.Join(", ", ratios));
        }
    }
}
