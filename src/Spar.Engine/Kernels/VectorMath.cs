using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels;

/// <summary>
/// Building blocks of the element-wise kernels. They work on 16 floats at a time on every processor (narrower hardware
/// splits a vector), so the order of every sum is the same everywhere. Loops run over full vectors first, where the
/// count is a constant and partial loads and stores compile to plain ones, and then once over the rest.
/// </summary>
internal static unsafe class VectorMath
{
    /// <summary>Floats a vector.</summary>
    public const int Lanes = 16;

    /// <summary>2^-126; magnitudes below it are denormal.</summary>
    public const float SmallestNormal = 1.17549435e-38f;

    /// <summary>Reads the first <paramref name="count"/> (1 .. 16) floats; the other lanes are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source, int count) => count >= Lanes ? Vector512.Load(source)
            : KernelPath.HasMasks ? Avx512F.MaskLoad(source, Mask(count), Vector512<float>.Zero)
            : LoadPart(source, count);

    /// <summary>Writes the first <paramref name="count"/> (1 .. 16) lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* target, int count)
    {
        if (count >= Lanes)
        {
            value.Store(target);
        }
        else if (KernelPath.HasMasks)
        {
            Avx512F.MaskStore(target, Mask(count), value);
        }
        else
        {
            StorePart(value, target, count);
        }
    }

    /// <summary>
    /// e^x with a relative error below 2e-7, by x = n ln 2 + r and a polynomial of degree 7 in r (coefficients of
    /// Cephes' expf). x below -87.3 gives about 1.2e-38 rather than 0, x above 88.3 about 2.3e38 rather than infinity.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-87.3f)), Vector512.Create(88.3f));
        // 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits
        Vector512<float> magic = Vector512.Create(12582912f);
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), magic);
        Vector512<float> n = shifted - magic;
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        return (p.AsInt32() + Vector512.ShiftLeft(shifted.AsInt32(), 23)).AsSingle(); // times 2^n
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) =>
        Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>a b + c, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);

    /// <summary>Sum of the lanes, by halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> x)
    {
        Vector256<float> y = x.GetLower() + x.GetUpper();
        Vector128<float> z = y.GetLower() + y.GetUpper();
        return z.GetElement(0) + z.GetElement(2) + (z.GetElement(1) + z.GetElement(3));
    }

    /// <summary>Largest lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> x)
    {
        Vector256<float> y = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        Vector128<float> z = Vector128.MaxNative(y.GetLower(), y.GetUpper());
        return MathF.Max(MathF.Max(z.GetElement(0), z.GetElement(1)), MathF.Max(z.GetElement(2), z.GetElement(3)));
    }

    /// <summary>Lanes below <paramref name="count"/> (0 .. 16) set, the others clear.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Mask(int count)
        => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    /// <summary>Sum of a_i b_i.</summary>
    public static float Dot(float* a, float* b, int count)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            sum = MultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        }

        return Sum(i < count ? MultiplyAdd(Load(a + i, count - i), Load(b + i, count - i), sum) : sum);
    }

    /// <summary>target += source.</summary>
    public static void Add(float* target, float* source, int count)
    {
        int i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector512.Load(target + i) + Vector512.Load(source + i)).Store(target + i);
        }

        if (i < count)
        {
            Store(Load(target + i, count - i) + Load(source + i, count - i), target + i, count - i);
        }
    }

    /// <summary>target += source * factor, each rounded once.</summary>
    public static void AddScaled(float* target, float* source, float factor, int count)
    {
        Vector512<float> by = Vector512.Create(factor);
        int i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            MultiplyAdd(Vector512.Load(source + i), by, Vector512.Load(target + i)).Store(target + i);
        }

        if (i < count)
        {
            Store(MultiplyAdd(Load(source + i, count - i), by, Load(target + i, count - i)), target + i, count - i);
        }
    }

    /// <summary>target = source * factor.</summary>
    public static void Scale(float* source, float factor, float* target, int count)
    {
        Vector512<float> by = Vector512.Create(factor);
        int i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector512.Load(source + i) * by).Store(target + i);
        }

        if (i < count)
        {
            Store(Load(source + i, count - i) * by, target + i, count - i);
        }
    }

    /// <summary>target = source.</summary>
    public static void Copy(float* source, float* target, int count)
    {
        int i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            Vector512.Load(source + i).Store(target + i);
        }

        if (i < count)
        {
            Store(Load(source + i, count - i), target + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LoadPart(float* source, int count)
    {
        float* part = stackalloc float[Lanes];
        for (int i = 0; i < Lanes; i++)
        {
            part[i] = i < count ? source[i] : 0;
        }

        return Vector512.Load(part);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(Vector512<float> value, float* target, int count)
    {
        float* part = stackalloc float[Lanes];
        value.Store(part);
        for (int i = 0; i < count; i++)
        {
            target[i] = part[i];
        }
    }
}
