using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <summary>
/// Cosines and sines of the rotary embedding, [positions, pairs], in pinned memory; it grows with the longest position asked for.
/// Frequency i is theta^(-2i / rotaryDim), scaled as Llama 3 does where the config says so.
/// </summary>
internal sealed unsafe class RotaryTable
{
    private readonly double[] _frequencies;
    private float[] _cos = [];
    private float[] _sin = [];
    private int _positions;

    public RotaryTable(ModelConfig config)
    {
        Pairs = config.RotaryDim / 2;
        _frequencies = new double[Pairs];
        for (int i = 0; i < Pairs; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.RotaryDim);
            _frequencies[i] = config.RopeScaling is { } scaling ? Scale(frequency, scaling) : frequency;
        }
    }

    /// <summary>Rotated pairs a head.</summary>
    public int Pairs { get; }

    /// <summary>Makes sure that positions up to and including this one are there. Not to be called during a pass.</summary>
    public void Cover(int position)
    {
        if (position < _positions)
        {
            return;
        }

        int positions = Math.Max(256, 2 * (position + 1));
        float[] cos = GC.AllocateUninitializedArray<float>(checked(positions * Pairs), pinned: true);
        float[] sin = GC.AllocateUninitializedArray<float>(positions * Pairs, pinned: true);
        for (int p = 0, at = 0; p < positions; p++)
        {
            for (int i = 0; i < Pairs; i++, at++)
            {
                (double s, double c) = Math.SinCos(p * _frequencies[i]);
                cos[at] = (float)c;
                sin[at] = (float)s;
            }
        }

        (_cos, _sin, _positions) = (cos, sin, positions);
    }

    /// <summary>Cosines of a position, [Pairs].</summary>
    public float* Cos(int position) => Pointer(_cos) + ((nint)position * Pairs);

    /// <summary>Sines of a position, [Pairs].</summary>
    public float* Sin(int position) => Pointer(_sin) + ((nint)position * Pairs);

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
