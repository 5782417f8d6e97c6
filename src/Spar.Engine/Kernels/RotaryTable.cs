using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Models;

namespace Spar.Engine.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in half-split pairs (i, i + d/2): the angle of pair i at position p is p theta^(-2i/d), with Llama 3's
/// frequency scaling where the model has it. Frequencies and angles are rounded to float32 as the reference implementations do. Read-only once
/// made, so threads may share it.
/// </summary>
public sealed unsafe class RotaryTable
{
    private readonly float[] _cos;
    private readonly float[] _sin;
    private readonly int _half;

    /// <summary>Makes the table.</summary>
    /// <param name="config">Head size, base and scaling.</param>
    /// <param name="positions">Positions 0 .. positions-1 are covered.</param>
    public RotaryTable(ModelConfig config, int positions)
    {
        if (config.HeadDim % 2 != 0)
        {
            throw new EngineException($"The head size is {config.HeadDim}; rotary embedding needs an even one. Mend head_dim in config.json.");
        }

        _half = config.HeadDim / 2;
        Positions = positions;
        _cos = GC.AllocateUninitializedArray<float>(checked(positions * _half), pinned: true);
        _sin = GC.AllocateUninitializedArray<float>(positions * _half, pinned: true);
        for (int i = 0; i < _half; i++)
        {
            float frequency = (float)Frequency(config, i);
            for (int p = 0; p < positions; p++)
            {
                double angle = p * frequency;
                _cos[(p * _half) + i] = (float)Math.Cos(angle);
                _sin[(p * _half) + i] = (float)Math.Sin(angle);
            }
        }
    }

    /// <summary>Positions covered.</summary>
    public int Positions { get; }

    /// <summary>Turns heads by their position, in place.</summary>
    /// <param name="heads">The heads one after another, d elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">0 .. Positions-1.</param>
    public void Apply(float* heads, int count, int position) => Turn(heads, count, position, 1);

    /// <summary>Turns heads back, in place: the transpose of <see cref="Apply"/>, which is also its backward pass.</summary>
    /// <param name="heads">The heads one after another, d elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">0 .. Positions-1.</param>
    public void ApplyInverse(float* heads, int count, int position) => Turn(heads, count, position, -1);

    private static double Frequency(ModelConfig config, int pair)
    {
        double f = Math.Pow(config.RopeTheta, -2.0 * pair / config.HeadDim);
        if (config.RopeScaling is not { } scaling)
        {
            return f;
        }

        double wavelength = 2 * Math.PI / f, n = scaling.OriginalMaxPositions;
        if (wavelength < n / scaling.HighFrequencyFactor)
        {
            return f;
        }

        if (wavelength > n / scaling.LowFrequencyFactor)
        {
            return f / scaling.Factor;
        }

        double s = ((n / wavelength) - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - s) * f / scaling.Factor) + (s * f);
    }

    private void Turn(float* heads, int count, int position, float direction)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Positions, nameof(position));
        fixed (float* cosines = _cos, sines = _sin)
        {
            float* cos = cosines + ((nint)position * _half), sin = sines + ((nint)position * _half);
            Vector512<float> sign = Vector512.Create(direction);
            for (float* head = heads, end = heads + ((nint)count * 2 * _half); head < end; head += 2 * _half)
            {
                int i = 0;
                for (; i <= _half - VectorMath.Lanes; i += VectorMath.Lanes)
                {
                    TurnVector(head + i, head + _half + i, cos + i, sin + i, sign, VectorMath.Lanes);
                }

                if (i < _half)
                {
                    TurnVector(head + i, head + _half + i, cos + i, sin + i, sign, _half - i);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnVector(float* first, float* second, float* cos, float* sin, Vector512<float> sign, int count)
    {
        Vector512<float> x = VectorMath.Load(first, count), y = VectorMath.Load(second, count);
        Vector512<float> c = VectorMath.Load(cos, count), s = VectorMath.Load(sin, count) * sign;
        VectorMath.Store((x * c) - (y * s), first, count);
        VectorMath.Store((y * c) + (x * s), second, count);
    }
}
