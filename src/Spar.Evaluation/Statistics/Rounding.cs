using System.Numerics;

namespace Spar.Evaluation.Statistics;

/// <summary>Rounding as the reference scorers print it: the exact binary value, ties to the even digit.</summary>
public static class Rounding
{
    /// <summary>
    /// Rounds to a number of decimals, deciding on the exact value of the double (so 2.675, which is a little less,
    /// gives 2.67; 75.625 is a true tie and gives 75.62).
    /// </summary>
    /// <param name="value">A finite number below 2^53 in size.</param>
    /// <param name="digits">Decimals, 0..15.</param>
    public static double HalfEven(double value, int digits)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        int exponent = (int)(bits >> 52) - 1075;
        BigInteger numerator =
            ((bits & 0xFFFFFFFFFFFFF) | ((bits >> 52) == 0 ? 0 : 1L << 52)) * BigInteger.Pow(10, digits);
        if (exponent >= 0)
        {
            return value;
        }

        BigInteger divisor = BigInteger.One << -exponent;
        BigInteger quotient = BigInteger.DivRem(numerator, divisor, out BigInteger rest);
        int half = (rest * 2).CompareTo(divisor);
        if (half > 0 || (half == 0 && !quotient.IsEven))
        {
            quotient++;
        }

        return Math.CopySign((double)quotient / Math.Pow(10, digits), value);
    }
}
