namespace Spar.Evaluation.Statistics;

/// <summary>How far two judges that gave yes/no verdicts on the same items agree.</summary>
/// <param name="BothYes">Items both accept.</param>
/// <param name="OnlyFirst">Items only the first accepts.</param>
/// <param name="OnlySecond">Items only the second accepts.</param>
/// <param name="BothNo">Items both refuse.</param>
public readonly record struct Agreement(int BothYes, int OnlyFirst, int OnlySecond, int BothNo)
{
    /// <summary>Items with two verdicts.</summary>
    public int Count => BothYes + OnlyFirst + OnlySecond + BothNo;

    /// <summary>Share of items with equal verdicts, 0..1; 0 without items.</summary>
    public double Share => Count == 0 ? 0 : (double)(BothYes + BothNo) / Count;

    /// <summary>
    /// Cohen's kappa (1960): agreement beyond what two judges with these rates of yes would have by chance, at most 1;
    /// null where that is not defined (chance alone gives full agreement, or there are no items).
    /// </summary>
    public double? Kappa
    {
        get
        {
            if (Count == 0)
            {
                return null;
            }

            double first = (double)(BothYes + OnlyFirst) / Count;
            double second = (double)(BothYes + OnlySecond) / Count;
            double chance = (first * second) + ((1 - first) * (1 - second));
            return chance >= 1 ? null : (Share - chance) / (1 - chance);
        }
    }

    /// <summary>Counts the four cases.</summary>
    /// <param name="verdicts">The two judges' verdicts, item by item.</param>
    public static Agreement Of(IEnumerable<(bool First, bool Second)> verdicts)
    {
        int[] cells = new int[4];
        foreach ((bool first, bool second) in verdicts)
        {
            cells[(first ? 0 : 2) + (second ? 0 : 1)]++;
        }

        return new Agreement(cells[0], cells[1], cells[2], cells[3]);
    }
}
