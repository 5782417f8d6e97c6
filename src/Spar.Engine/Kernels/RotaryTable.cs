using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Models;

namespace Spar.Engine.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021) of the first <see cref="ModelConfig.RotaryDim"/> dimensions of a head; the others pass unchanged.
/// Pair i at position p turns by p theta^(-2i/RotaryDim), with Llama 3's or linear scaling of the frequencies where the model has it. Pairs are
/// half the rotated part apart, or neighbours (<see cref="ModelConfig.InterleavedRotary"/>). Frequencies and angles are rounded to float32 as the
/// reference implementations do. The table grows by <see cref="Cover"/>; between calls of it threads may share it.
/// </summary>
public sealed unsafe class RotaryTable
{
    private readonly float[] _frequencies; // [pairs]
    private readonly int _headDim;
    private readonly int _pairs;
    private readonly bool _interleaved;
    private float[] _cos = []; // [positions, pairs], pinned
    private float[] _sin = [];

    /// <summary>Makes a table that covers no position yet.</summary>
    /// <param name="config">Head size, base, layout and scaling.</param>
    /// <exception cref="EngineException">The number of dimensions that rotate is odd or 0.</exception>
    public RotaryTable(ModelConfig config)
    {
        if (config.RotaryDim < 2 || config.RotaryDim % 2 != 0)
        {
            throw new EngineException($"{config.RotaryDim} of the {config.HeadDim} dimensions of a head rotate; rotary embedding needs an even number. Mend head_dim in config.json.");
        }

        _headDim = config.HeadDim;
        _pairs = config.RotaryDim / 2;
        _interleaved = config.InterleavedRotary;
        _frequencies = new float[_pairs];
        for (int i = 0; i < _pairs; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.RotaryDim);
            _frequencies[i] = (float)(config.RopeScaling is { } scaling ? Scale(frequency, scaling) : frequency / config.RopeLinearFactor);
        }
    }

    /// <summary>Positions 0 .. Positions-1 are covered.</summary>
    public int Positions { get; private set; }

    /// <summary>Makes sure that positions up to and including this one are there. Not to be called while threads use the table.</summary>
    /// <param name="position">At least 0.</param>
    public void Cover(int position)
    {
        if (position < Positions)
        {
            return;
        }

        int positions = Math.Max(256, 2 * (position + 1));
        _cos = GC.AllocateUninitializedArray<float>(checked(positions * _pairs), pinned: true);
        _sin = GC.AllocateUninitializedArray<float>(positions * _pairs, pinned: true);
        for (int p = 0, at = 0; p < positions; p++)
        {
            for (int i = 0; i < _pairs; i++, at++)
            {
                (double s, double c) = Math.SinCos(p * _frequencies[i]);
                _cos[at] = (float)c;
                _sin[at] = (float)s;
            }
        }

        Positions = positions;
    }

    /// <summary>Turns heads by their position, in place.</summary>
    /// <param name="heads">The heads one after another, HeadDim elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">A covered position.</param>
    public void Apply(float* heads, int count, int position) => Turn(heads, count, position, 1);

    /// <summary>Turns heads back, in place: the transpose of <see cref="Apply"/>, which is also its backward pass.</summary>
    /// <param name="heads">The heads one after another, HeadDim elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">A covered position.</param>
    public void ApplyInverse(float* heads, int count, int position) => Turn(heads, count, position, -1);

    /// <summary>
    /// Llama 3's scaling of a frequency with wavelength w: w &lt; n/high keeps it, w &gt; n/low divides it by the factor, between it is interpolated
    /// (n: the length that the model was first trained for).
    /// </summary>
    private static double Scale(double frequency, Llama3RopeScaling scaling)
    {
        double wavelength = 2 * Math.PI / frequency, n = scaling.OriginalMaxPositions;
        if (wavelength < n / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > n / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        double s = ((n / wavelength) - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - s) * frequency / scaling.Factor) + (s * frequency);
    }

    private void Turn(float* heads, int count, int position, float direction)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Positions, nameof(position));
        fixed (float* cosines = _cos, sines = _sin)
        {
            float* cos = cosines + ((nint)position * _pairs), sin = sines + ((nint)position * _pairs);
            Vector512<float> sign = Vector512.Create(direction);
            for (float* head = heads, end = heads + ((nint)count * _headDim); head < end; head += _headDim)
            {
                if (_interleaved)
                {
                    TurnNeighbours(head, cos, sin, direction);
                    continue;
                }

                int i = 0;
                for (; i <= _pairs - VectorMath.Lanes; i += VectorMath.Lanes)
                {
                    TurnVector(head + i, head + _pairs + i, cos + i, sin + i, sign, VectorMath.Lanes);
                }

                if (i < _pairs)
                {
                    TurnVector(head + i, head + _pairs + i, cos + i, sin + i, sign, _pairs - i);
                }
            }
        }
    }

    private void TurnNeighbours(float* head, float* cos, float* sin, float direction)
    {
        for (int i = 0; i < _pairs; i++)
        {
            float x = head[2 * i], y = head[(2 * i) + 1], s = sin[i] * direction;
            head[2 * i] = (x * cos[i]) - (y * s);
            head[(2 * i) + 1] = (y * cos[i]) + (x * s);
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
