using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <summary>
/// Cosines and sines of the rotary embedding, [positions, pairs], in pinned memory; it grows with the longest position asked for.
/// Frequency i is theta^(-2i / rotaryDim), scaled as Llama 3 does where the config says so.
/// </summary>
internal sealed unsafe class RotaryTable
{
    private readonly double[] _frequencies;
    private readonly int _pairs; // rotated pairs a head
    private readonly bool _interleaved;
    private float[] _cos = [];
    private float[] _sin = [];
    private int _positions;

    public RotaryTable(ModelConfig config)
    {
        _pairs = config.RotaryDim / 2;
        _interleaved = config.InterleavedRotary;
        _frequencies = new double[_pairs];
        for (int i = 0; i < _pairs; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.RotaryDim);
            _frequencies[i] = config.RopeScaling is { } scaling ? Scale(frequency, scaling) : frequency;
        }
    }

    /// <summary>Makes sure that positions up to and including this one are there. Not to be called during a pass.</summary>
    public void Cover(int position)
    {
        if (position < _positions)
        {
            return;
        }

        int positions = Math.Max(256, 2 * (position + 1));
        float[] cos = GC.AllocateUninitializedArray<float>(checked(positions * _pairs), pinned: true);
        float[] sin = GC.AllocateUninitializedArray<float>(positions * _pairs, pinned: true);
        for (int p = 0, at = 0; p < positions; p++)
        {
            for (int i = 0; i < _pairs; i++, at++)
            {
                (double s, double c) = Math.SinCos(p * _frequencies[i]);
                cos[at] = (float)c;
                sin[at] = (float)s;
            }
        }

        (_cos, _sin, _positions) = (cos, sin, positions);
    }

    /// <summary>Turns the first dimensions of one head by its position, in place.</summary>
    /// <param name="head">The head, [HeadDim].</param>
    /// <param name="position">A position that is covered.</param>
    public void Apply(float* head, int position)
    {
        float* cos = Pointer(_cos) + ((nint)position * _pairs);
        float* sin = Pointer(_sin) + ((nint)position * _pairs);
        if (_interleaved)
        {
            for (int i = 0; i < _pairs; i++)
            {
                float a = head[2 * i], b = head[(2 * i) + 1];
                head[2 * i] = (a * cos[i]) - (b * sin[i]);
                head[(2 * i) + 1] = (b * cos[i]) + (a * sin[i]);
            }

            return;
        }

        for (int i = 0; i < _pairs; i += VectorMath.Lanes)
        {
            int rest = _pairs - i;
            Vector512<float> a = VectorMath.Load(head + i, rest), b = VectorMath.Load(head + _pairs + i, rest);
            Vector512<float> c = VectorMath.Load(cos + i, rest), s = VectorMath.Load(sin + i, rest);
            VectorMath.Store((a * c) - (b * s), head + i, rest);
            VectorMath.Store((b * c) + (a * s), head + _pairs + i, rest);
        }
    }

    private static float* Pointer(float[] pinned)
    {
        fixed (float* p = pinned)
        {
            return p;
        }
    }

    private static double Scale(double frequency, Llama3RopeScaling s)
    {
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength < s.OriginalMaxPositions / s.HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > s.OriginalMaxPositions / s.LowFrequencyFactor)
        {
            return frequency / s.Factor;
        }

        double smooth = ((s.OriginalMaxPositions / wavelength) - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return ((1 - smooth) * frequency / s.Factor) + (smooth * frequency);
    }
}
