namespace Spar.Web.Charts;

/// <summary>A numeric axis with round tick values.</summary>
/// <param name="Low">Value at the axis' start.</param>
/// <param name="High">Value at its end, above <paramref name="Low"/>.</param>
/// <param name="Step">Distance of two ticks.</param>
public sealed record Axis(double Low, double High, double Step)
{
    /// <summary>The tick values, from low to high.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            int count = (int)Math.Round((High - Low) / Step);
            return Enumerable.Range(0, count + 1).Select(index => Low + (index * Step));
        }
    }

    /// <summary>Decimals that the ticks need.</summary>
    public int Decimals
    {
        get
        {
            int decimals = 0;
            for (double step = Step; decimals < 9 && Math.Abs(step - Math.Round(step)) > 1e-6 * step; step *= 10)
            {
                decimals++;
            }
            return decimals;
        }
    }

    /// <summary>Where a value stands between two coordinates.</summary>
    public double Place(double value, double atLow, double atHigh) =>
        atLow + ((value - Low) / (High - Low) * (atHigh - atLow));

    /// <summary>
    /// The axis that covers a range with about <paramref name="ticks"/> steps of 1, 2, 2.5 or 5 times a power of ten.
    /// </summary>
    /// <param name="low">Lowest value to cover.</param>
    /// <param name="high">Highest value to cover; may equal the lowest.</param>
    /// <param name="ticks">Wanted steps.</param>
    /// <param name="whole">True where ticks must be whole numbers.</param>
    public static Axis Covering(double low, double high, int ticks = 5, bool whole = false)
    {
        if (high - low < 1e-9 * Math.Max(1, Math.Abs(high)))
        {
            double room = whole ? 1 : Math.Max(Math.Abs(high) * 0.1, 1e-3);
            (low, high) = whole ? (low, high + room) : (low - room, high + room);
        }
        double rough = (high - low) / ticks;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * new[] { 1, 2, 2.5, 5, 10 }.First(factor => factor * power >= rough * (1 - 1e-9));
        if (whole)
        {
            step = Math.Max(1, Math.Ceiling(step));
        }
        return new Axis(Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step, step);
    }
}
