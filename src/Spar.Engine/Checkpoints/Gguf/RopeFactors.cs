using Spar.Engine.Models;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// GGUF files keep Llama 3's rotary scaling as one divisor a frequency (the tensor <c>rope_freqs.weight</c>) rather
/// than as its parameters. This finds parameters that give these divisors.
/// </summary>
internal static class RopeFactors
{
    private const double Tolerance = 1e-5;

    /// <summary>
    /// The scaling that divides frequency theta^(-2i / rotaryDim) by <paramref name="divisors"/>[i]; null when all are
    /// 1.
    /// </summary>
    /// <param name="divisors">[rotaryDim / 2].</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="scaling">Receives the scaling.</param>
    /// <returns>False when Llama 3's formula cannot give the divisors.</returns>
    public static bool TryRecover(ReadOnlySpan<float> divisors, double theta, out Llama3RopeScaling? scaling)
    {
        scaling = null;
        double factor = 0;
        foreach (float divisor in divisors)
        {
            if (!(divisor >= 1) || !float.IsFinite(divisor))
            {
                return false;
            }

            factor = Math.Max(factor, divisor);
        }

        if (factor <= 1)
        {
            return true;
        }

        // What all published models have, but for the length.
        for (int positions = 16; positions <= 1 << 24; positions *= 2)
        {
            scaling = new Llama3RopeScaling(factor, 1, 4, positions);
            if (Gives(scaling, divisors, theta))
            {
                return true;
            }
        }

        scaling = Fit(divisors, theta, factor);
        return scaling is not null && Gives(scaling, divisors, theta);
    }

    // Between the two bounds, 1/divisor = (1 - s) / factor + s with s = slope f - shift, linear in the frequency f
    // (turns a position): two points give both.
    private static Llama3RopeScaling? Fit(ReadOnlySpan<float> divisors, double theta, double factor)
    {
        List<(double Frequency, double Smooth)> between = [];
        for (int i = 0; i < divisors.Length; i++)
        {
            if (divisors[i] > 1 && divisors[i] < factor)
            {
                between.Add(
                    (Frequency(
                        i, divisors.Length,
                        theta) / (2 * Math.PI), ((1 / (double)divisors[i]) - (1 / factor)) / (1 - (1 / factor))));
            }
        }

        if (between.Count < 2)
        {
            return null;
        }

        double slope = (between[0].Smooth - between[^1].Smooth) / (between[0].Frequency - between[^1].Frequency);
        double shift = (slope * between[0].Frequency) - between[0].Smooth;
        int positions = (int)Math.Clamp(Math.Round(3 * slope), 1, 1 << 30);
        double range = positions / slope, low = shift * range;
        return slope > 0 && low > 0 ? new Llama3RopeScaling(factor, low, low + range, positions) : null;
    }

    private static bool Gives(Llama3RopeScaling scaling, ReadOnlySpan<float> divisors, double theta)
    {
        for (int i = 0; i < divisors.Length; i++)
        {
            double turns = Frequency(i, divisors.Length, theta) / (2 * Math.PI) * scaling.OriginalMaxPositions;
            double smooth = Math.Clamp(
                (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0,
                1);
            double divisor = 1 / (((1 - smooth) / scaling.Factor) + smooth);
            if (Math.Abs(divisor - divisors[i]) > Tolerance * divisor)
            {
                return false;
            }
        }

        return true;
    }

    private static double Frequency(int pair, int pairs, double theta) => Math.Pow(theta, -(double)pair / pairs);
}
