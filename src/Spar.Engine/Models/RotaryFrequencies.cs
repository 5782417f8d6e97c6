using Spar.Engine.Kernels;

namespace Spar.Engine.Models;

/// <summary>
/// How fast the dimensions of a model's heads rotate: pair i turns by theta^(-2i/<see cref="ModelConfig.RotaryDim"/>)
/// per position (Su et al. 2021), with Llama 3's or linear scaling where the model has it. Rounded to float32 as the
/// reference implementations do.
/// </summary>
internal static class RotaryFrequencies
{
    /// <summary>A table of a model's rotations, which covers no position yet.</summary>
    /// <param name="config">Head size, base, layout and scaling.</param>
    /// <exception cref="EngineException">The number of dimensions that rotate is odd or 0.</exception>
    public static RotaryTable TableOf(ModelConfig config)
    {
        if (config.RotaryDim < 2 || config.RotaryDim % 2 != 0)
        {
            throw new EngineException($"{config.RotaryDim} of the {config.HeadDim} dimensions of a head rotate; "
                + "rotary embedding needs an even number. Mend head_dim in config.json.");
        }

        float[] frequencies = new float[config.RotaryDim / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.RotaryDim);
            frequencies[i] = (float)(
                config.RopeScaling is { } scaling ? Scale(frequency, scaling) : frequency / config.RopeLinearFactor);
        }

        return new RotaryTable(config.HeadDim, frequencies, config.InterleavedRotary);
    }

    /// <summary>
    /// Llama 3's scaling of a frequency with wavelength w: w &lt; n/high keeps it, w &gt; n/low divides it by the
    /// factor, between it is interpolated (n: the length that the model was first trained for).
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

        double s = ((n / wavelength) - scaling.LowFrequencyFactor)
            / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - s) * frequency / scaling.Factor) + (s * frequency);
    }
}
