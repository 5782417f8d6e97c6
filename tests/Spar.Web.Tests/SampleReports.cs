using Spar.Judging;
using Spar.SelfPlay;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

/// <summary>Made-up runs, of the size that a quickstart has.</summary>
internal static class SampleReports
{
    public static ReportModel Full() => new()
    {
        Title = "quickstart",
        Seed = 7,
        BaseModel = "models/nano",
        Recipe = "# Self-play on the built-in world\nbase: models/nano\nseed: 7\nself_play:\n  iterations: 3\n  prompts: 400   # <each>\n",
        WallSeconds = 252.4,
        ModelCalls = 61_204,
        GeneratedTokens = 2_345_678,
        PlannedIterations = 3,
        Rows =
        [
            Row("base", 0.412, 0.703, null, 0.871, 0.843, 0.312),
            Row("sft", 0.538, 0.781, 0.664, 0.921, 0.902, 0.417),
            Row("iteration-1", 0.602, 0.814, 0.717, 0.923, 0.897, 0.441),
            Row("iteration-2", 0.657, 0.842, 0.748, 0.927, 0.891, 0.463),
            Row("iteration-3", 0.702, 0.867, 0.783, 0.931, 0.888, 0.486),
        ],
        SupervisedCurves = [Curve("actor SFT", 90, 1.31, 0.42), Curve("refiner SFT", 140, 0.92, 0.18)],
        Iterations =
        [
            Iteration(1, new VerdictCounts(1184, 741, 62, 13), new SearchCounts(213, 61, 9, 4), 5.4),
            Iteration(2, new VerdictCounts(1297, 655, 41, 7), new SearchCounts(208, 44, 6, 1), 4.9),
            Iteration(3, new VerdictCounts(1411, 548, 38, 3), new SearchCounts(199, 31, 0, 0), 4.3),
        ],
        Calibration = [Calibration(1, 213, 196), Calibration(2, 208, 178) with { Taken = DriftAction.Warn }, Calibration(3, 199, 151) with { Taken = DriftAction.Reweight }],
        Pairs =
        [
            new PairExample(1, "Write about the sea in exactly 6 words. End with an exclamation mark.",
                "a small crab sleeps in the sand.", "a small crab sleeps today !", "a 1 small 2 crab 3 sleeps 4 in 5 the 6 sand. 7\nwords 7 not 6\nend . not !\nfinal judgement: no"),
            new PairExample(3, "Write two lines about the farm. Use the word hen twice.",
                "the hen runs\nthe cow rests near a barn", "the hen runs\nthe hen rests near a barn", null),
        ],
        Trees = [Tree()],
    };

    public static ReportModel Started() => new()
    {
        Title = "just begun",
        Seed = 1,
        BaseModel = "models/nano",
        Recipe = "seed: 1",
        Finished = false,
        PlannedIterations = 3,
    };

    public static ReportModel HalfWay()
    {
        ReportModel full = Full();
        return full with
        {
            Finished = false,
            Rows = [.. full.Rows.Take(3)],
            Iterations = [full.Iterations[0], new IterationReport { Number = 2, Responses = 118, Verdicts = new VerdictCounts(60, 31, 2, 0) }],
        };
    }

    public static ExampleTree Tree() => new(2, "Write about the forest. Use exactly 5 words, and avoid the letter z.", "success",
    [
        new ExampleNode(null, 0.0, "a lazy fox runs home", "lazy has z at 2\nfinal judgement: no"),
        new ExampleNode(0, 0.4, "a lazy fox runs", "final judgement: no"),
        new ExampleNode(0, 0.2, "a fox runs", "words 3 not 5\nfinal judgement: no"),
        new ExampleNode(0, null, "a dozing fox runs home", null),
        new ExampleNode(1, 0.4, "a lazy fox sleeps", "final judgement: no"),
        new ExampleNode(1, 0.2, "the lazy fox", "final judgement: no"),
        new ExampleNode(2, 0.8, "a quick fox runs home", "final judgement: yes"),
        new ExampleNode(2, 0.0, "a zebra runs", "final judgement: no"),
    ]);

    private static IterationCalibration Calibration(int iteration, int found, int verified) => new(
        iteration,
        400,
        new JudgeQuality(900 + (10 * iteration), 1100 - (10 * iteration), 850, 90 + iteration, 40, 980),
        new JudgeQuality(300, 260, 280, 31 + iteration, 15, 220),
        new Reliability([new ReliabilityBin(0, 0.1, 700, 0.01, 0.05), new ReliabilityBin(0.4, 0.5, 60, 0.41, 0.3), new ReliabilityBin(0.9, 1, 900, 0.99, 0.9 - (0.04 * iteration))]),
        287,
        found,
        verified);

    private static StageRow Row(string stage, double prompt, double instruction, double? search, double judge, double own, double refine) => new()
    {
        Stage = stage,
        HeldOutPrompt = prompt,
        HeldOutInstruction = instruction,
        HeldOutPromptSearch = search,
        JudgeAccuracy = judge,
        JudgeAccuracyOwn = own,
        RefineSuccess = refine,
        HeldOutCount = 500,
    };

    private static IterationReport Iteration(int number, VerdictCounts verdicts, SearchCounts searches, double treeSize) => new()
    {
        Number = number,
        Responses = 2000,
        Verdicts = verdicts,
        Searches = searches,
        MeanTreeSize = treeSize,
        Pairs = searches.Success,
        RefinerRows = [new("refinement", 187 + number), new("critique", 241 + number), new("split vote", 96 + number)],
        Unparsed = [new("no verdict line", 31 - (9 * number)), new("response not delimited", 12 - (4 * number))],
        Dpo = [.. Enumerable.Range(1, 14).Select(step => new DpoPoint(step,
            0.75 - (0.021 * step / number) + (0.01 * Math.Sin(step * number)),
            (0.09 * step / number) + (0.04 * Math.Sin(step)),
            0.5 + (0.45 * (1 - Math.Exp(-step / (2.0 + number)))) + (0.02 * Math.Cos(3 * step))))],
        LossCurves = [Curve("refiner RFT", 30, 0.31 / number, 0.17 / number)],
        ModelCalls = 17_400 + (311 * number),
        Seconds = 58.4 + number,
    };

    private static LossCurve Curve(string name, int steps, double from, double to) =>
        new(name, [.. Enumerable.Range(1, steps).Select(step => new LossPoint(step, to + ((from - to) * Math.Exp(-4.0 * step / steps)) + (0.01 * Math.Sin(step))))]);
}
