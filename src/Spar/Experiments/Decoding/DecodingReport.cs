namespace Spar.Experiments.Decoding;

/// <summary>
/// The strategies at equal numbers of generated responses: Figure 5, Table 9 and Table 10, out of one set of samples a
/// seed.
/// </summary>
public static class DecodingReport
{
    private static readonly int[] s_counts = [1, 2, 3, 4, 6, 8, 12, DecodingMeasurement.MostResponses];

    /// <summary>Makes the report.</summary>
    /// <param name="seeds">The seeds.</param>
    /// <param name="records">Each seed's records, in the order of the seeds.</param>
    public static ExperimentReport Of(IReadOnlyList<ulong> seeds, IReadOnlyList<IReadOnlyList<DecodingRecord>> records)
    {
        IReadOnlyList<string> strategies = DecodingMeasurement.Strategies;
        ExperimentTable figure = new(
            "Figure 5: prompts satisfied by number of responses that may be generated",
            "strategy",
            [.. s_counts.Select(count => new ExperimentColumn(Text(count)))],
            [.. strategies.Select(
                strategy => new ExperimentRow(strategy, [.. s_counts.Select(count => Score(strategy, count))]))]);
        ExperimentTable compute = new(
            "Responses generated, mean of all prompts",
            "strategy",
            [.. s_counts.Select(count => new ExperimentColumn(Text(count), MeasureUnit.Number))],
            [.. strategies.Select(
                strategy => new ExperimentRow(strategy, [.. s_counts.Select(count => Spent(strategy, count))]))]);
        ExperimentLine[] lines =
        [
            .. strategies.Select(
                strategy => new ExperimentLine(
                    strategy,
                    [.. s_counts.Select(
                        count => new ExperimentPoint(Spent(strategy, count).Mean, Score(strategy, count)))])),
        ];
        int[] votes = [.. Enumerable.Range(0, (DecodingMeasurement.MostVotes + 1) / 2).Select(i => (2 * i) + 1)];
        ExperimentTable byVotes = new(
            "Table 9: judging accuracy by number of votes",
            "votes",
            [new("accuracy")],
            [.. votes.Select(
                count => new ExperimentRow(
                    Text(count),
                    [Over(
                        seed =>
                            Share([.. seed.SelectMany(record => record.Ballots)], ballot =>
                                ballot.MajorityIsRight(count)))]))]);
        ExperimentTable repaired = new(
            $"Table 10: failed greedy responses that are repaired with {DecodingMeasurement.MostResponses} " +
            $"responses, by two judges",
            "strategy",
            [new("by the refiner itself"), new("by exact checks"), new("judges agree")],
            [
                .. strategies.Select(strategy => new ExperimentRow(strategy, [
                    Over(seed => Share(Failed(seed), record => Last(record, strategy).Passed)),
                    Over(seed => Share(Failed(seed), record => Last(record, strategy).Right)),
                    Over(
                        seed => Share(
                            Failed(seed), record => Last(record, strategy).Passed == Last(record, strategy).Right)),
                ])),
            ]);
        return new ExperimentReport(
            "decoding",
            "Decoding strategies at equal numbers of generated responses",
            seeds,
            [figure, compute, byVotes, repaired],
            [new ExperimentChart(
                "Figure 5: prompts satisfied by responses generated (mean of all prompts)", "responses generated",
                "prompts satisfied, %", MeasureUnit.Percent, lines)],
            [
                "All strategies begin with the same greedy response, whose score is the column 1. All but plain " +
                "best-of-N end with the first response that passes the judge, so they generate fewer than they may.",
                $"Table 10 counts the greedy responses that fail the exact checks: {Of(seed => Failed(seed).Count)} " +
                $"a seed.",
            ]);

        Measured Score(string strategy, int count) =>
            Over(seed => Share(seed, record => record.Answer(strategy, count).Right))!;

        Measured Spent(string strategy, int count) =>
            Over(seed => seed.Average(record => record.Generated(strategy, count)))!;

        Measured? Over(Func<IReadOnlyList<DecodingRecord>, double?> measure) => Measured.Of(records.Select(measure));

        string Of(Func<IReadOnlyList<DecodingRecord>, int> count) => string.Join(", ", records.Select(count));
    }

    private static string Text(int count) => count.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static IReadOnlyList<DecodingRecord> Failed(IReadOnlyList<DecodingRecord> seed) =>
        [.. seed.Where(record => !record.Strategies[DecodingMeasurement.BestOfN][0].Right)];

    private static ValuedResponse Last(DecodingRecord record, string strategy) =>
        record.Answer(strategy, DecodingMeasurement.MostResponses);

    private static double? Share<T>(IReadOnlyCollection<T> items, Func<T, bool> holds) => items.Count == 0
        ? null : items.Count(holds) / (double)items.Count;
}
