using Spar.Judging;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

/// <summary>Made-up runs, of the size that a quickstart has.</summary>
internal static class SampleReports
{
    private static readonly RunResults s_nothing = new([], 7, 252.4, 61_204, 2_345_678);

    public static ReportModel Full() => new()
    {
        Title = "quickstart",
        BaseModel = "models/nano",
        Recipe =
            "# Self-play on the built-in world\nbase: models/nano\nseed: 7\nself_play:\n  iterations: 3\n  prompts: " +
            "400   # <each>\n",
        PlannedIterations = 3,
        Gate = Gate.Majority,
        Results = s_nothing with
        {
            Rows =
            [
                Row(RowName.Base, 0.412, 0.703, null, 0.871, 0.843, 0.312),
                Row(RowName.Sft, 0.538, 0.781, 0.664, 0.921, 0.902, 0.417),
                Row(RowName.Iteration(1), 0.602, 0.814, 0.717, 0.923, 0.897, 0.441),
                Row(RowName.Iteration(2), 0.657, 0.842, 0.748, 0.927, 0.891, 0.463),
                Row(RowName.Iteration(3), 0.702, 0.867, 0.783, 0.931, 0.888, 0.486),
            ],
            Calibration =
            [
                Calibration(1, 213, 196), Calibration(2, 208, 178) with { Taken = DriftAction.Warn },
                Calibration(3, 199, 151) with { Taken = DriftAction.Reweight },
            ],
            Integrity =
            [
                new(1, 2000, 9, 1397, 2, 213, 0, new Dictionary<string, int> { ["word repeated"] = 2 }),
                new(2, 2000, 310, 1505, 287, 208, 61,
                    new Dictionary<string, int> { ["content emptied"] = 90, ["keywords stuffed"] = 201 },
                    DriftAction.Reweight),
            ],
        },
        Start = [Curve("actor-0", 90, 1.31, 0.42), Curve("refiner-0", 140, 0.92, 0.18)],
        Iterations =
        [
            Iteration(1, [1184, 741, 62, 13], [213, 61, 9, 4], 1263),
            Iteration(2, [1297, 655, 41, 7], [208, 44, 6, 1], 1010),
            Iteration(3, [1411, 548, 38, 3], [199, 31, 0, 0], 759),
        ],
        Pairs =
        [
            new PairExample(
                1,
                new PreferencePair(
                    "a", "Write about the sea in exactly 6 words. End with an exclamation mark.",
                    "a small crab sleeps today !",
                "a small crab sleeps in the sand."),
                    "a 1 small 2 crab 3 sleeps 4 in 5 the 6 sand. 7\nwords 7 not 6\nend . not !\nfinal judgement: no"),
            new PairExample(
                3,
                new PreferencePair(
                    "b", "Write two lines about the farm. Use the word hen twice.",
                    "the hen runs\nthe hen rests near a barn",
                "the hen runs\nthe cow rests near a barn"), null),
        ],
        Searches = [Search()],
    };

    public static ReportModel Started() => new()
    {
        Title = "just begun",
        BaseModel = "models/nano",
        Recipe = "seed: 1",
        PlannedIterations = 3,
        Gate = Gate.Majority,
        Results = s_nothing,
    };

    public static ReportModel HalfWay()
    {
        ReportModel full = Full();
        return full with
        {
            Results = full.Results with { Rows = [.. full.Results.Rows.Take(3)] },
            Iterations = [
                full.Iterations[0], new IterationReport { Number = 2, Play = Played([60, 31, 2, 0], [0, 0, 0, 0], 0) }],
        };
    }

    public static SearchExample Search() =>
        new(2, "Write about the forest. Use exactly 5 words, and avoid the letter z.", new SearchTree(
        SearchOutcome.Success,
        6,
        [
            Node(0, null, 0.0, "a lazy fox runs home", "lazy has z at 2\nfinal judgement: no"),
            Node(1, 0, 0.4, "a lazy fox runs", "final judgement: no"),
            Node(2, 0, 0.2, "a fox runs", "words 3 not 5\nfinal judgement: no"),
            Node(3, 0, null, "a dozing fox runs home", null),
            Node(4, 1, 0.4, "a lazy fox sleeps", "final judgement: no"),
            Node(5, 1, 0.2, "the lazy fox", "final judgement: no"),
            Node(6, 2, 0.8, "a quick fox runs home", "final judgement: yes"),
            Node(8, 2, 0.0, "a zebra runs", "final judgement: no"),
        ],
        20,
        []));

    public static SearchNode Node(int id, int? parent, double? value, string response, string? critique) => new(
        id, parent, 0, response, null, value is null
            ? new Valuation(0, 0, null) : new Valuation(1, 0, critique) { Probability = value });

    public static StageStatistics Counted(params (string Name, long Count)[] counts) =>
        new(counts.ToDictionary(count => count.Name, count => count.Count), []);

    private static IterationCalibration Calibration(int iteration, int found, int verified) => new(
        iteration,
        400,
        new JudgeQuality(900 + (10 * iteration), 1100 - (10 * iteration), 850, 90 + iteration, 40, 980),
        new JudgeQuality(300, 260, 280, 31 + iteration, 15, 220),
        new Reliability(
            [new ReliabilityBin(0, 0.1, 700, 0.01, 0.05), new ReliabilityBin(0.4, 0.5, 60, 0.41, 0.3),
                new ReliabilityBin(0.9, 1, 900, 0.99, 0.9 - (0.04 * iteration))]),
        287,
        found,
        verified);

    private static EvaluationRow Row(
        RowName name, double prompt, double instruction, double? search, double judge, double own, double refine) =>
        new(
            name, prompt, instruction, search, judge, refine, 500, new Dictionary<string,
            double>
            { [EvaluationRow.JudgeAccuracyOwn] = own });

    private static IterationReport Iteration(int number, long[] verdicts, long[] searches, long nodes) => new()
    {
        Number = number,
        Play = Played(verdicts, searches, nodes, ("unparsed judgement: no verdict line", 31 - (9 * number)),
            ("unparsed refinement: response not delimited", 12 - (4 * number))),
        Data = new DataProduct(
            StageStatistics.None,
            [.. Enumerable.Range(0, (int)searches[0]).Select(i => new PreferencePair($"p{i}", "task", "good", "bad"))],
            [.. Rows("refinement", 187 + number), .. Rows("tree-yes", 241 + number), .. Rows("vote-no", 96 + number)]),
        Actor = new TrainingCurve($"actor-{number}", [.. Enumerable.Range(1, 14).Select(step => new TrainingStep(
            step,
            14,
            0.75 - (0.021 * step / number) + (0.01 * Math.Sin(step * number)),
            1e-6,
            1000,
            (0.09 * step / number) + (0.04 * Math.Sin(step)),
            0.5 + (0.45 * (1 - Math.Exp(-step / (2.0 + number)))) + (0.02 * Math.Cos(3 * step))))]),
        Refiner = Curve($"refiner-{number}", 30, 0.31 / number, 0.17 / number),
        ModelCalls = 17_400 + (311 * number),
        Seconds = 58.4 + number,
    };

    private static StageStatistics Played(
        long[] verdicts, long[] searches, long nodes, params (string, long)[] more) => Counted(
    [
        ("responses", verdicts.Sum()), ("voted yes", verdicts[0]), ("voted no", verdicts[1]), ("tied", verdicts[2]),
        ("undecided", verdicts[3]),
        ("negatives searched", searches.Sum()), ("search: success", searches[0]), ("search: exhausted", searches[1]),
        ("search: over budget", searches[2]), ("search: failed", searches[3]), ("tree nodes", nodes), .. more,
    ]);

    private static IEnumerable<SupervisedRow> Rows(string kind, int count) =>
        Enumerable.Range(0, count).Select(i => new SupervisedRow($"p{i}", kind, "task", "text"));

    private static TrainingCurve Curve(string stage, int steps, double from, double to) =>
        new(stage, [.. Enumerable.Range(1, steps).Select(step =>
        new TrainingStep(
            step, steps, to + ((from - to) * Math.Exp(-4.0 * step / steps)) + (0.01 * Math.Sin(step)), 1e-6, 1000))]);
}
