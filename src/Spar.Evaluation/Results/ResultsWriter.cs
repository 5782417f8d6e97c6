using System.Reflection;
using System.Text.Json.Nodes;
using Spar.Evaluation.Statistics;
using Spar.Ground;

namespace Spar.Evaluation.Results;

/// <summary>Who answered and how; goes into results.json.</summary>
/// <param name="Model">The model under test.</param>
/// <param name="Judge">The judge; null where there was none.</param>
/// <param name="Seed">Seed of sampling and of confidence intervals.</param>
/// <param name="Date">When it was scored.</param>
public sealed record RunDescription(string Model, string? Judge, long Seed, DateTimeOffset Date);

/// <summary>
/// Writes results in the layout of lm-eval: <c>results.json</c> with results (measures keyed "name,filter", their
/// standard errors "name_stderr,filter"), n-samples, versions, n-shot, configs; <c>samples.jsonl</c> with a line a
/// sample and filter. Added: the ends of the 95 % intervals, "name_ci95_low,filter" and "name_ci95_high,filter", and
/// "counts".
/// </summary>
public static class ResultsWriter
{
    /// <summary>The file with the figures.</summary>
    public const string ResultsFile = "results.json";

    /// <summary>The file with the samples.</summary>
    public const string SamplesFile = "samples.jsonl";

    /// <summary>Writes both files, each as a whole.</summary>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="score">Its score.</param>
    /// <param name="run">Who answered and how.</param>
    /// <exception cref="UserFaultException">They cannot be written.</exception>
    public static void Write(string folder, BenchmarkFacts benchmark, EvaluationScore score, RunDescription run)
    {
        AtomicFile.WriteLines(
            Path.Combine(folder, SamplesFile),
            score.Samples.Select((sample, index) => Sample(index, sample).ToJsonString(JsonSettings.Compact))
        );
        AtomicFile.WriteText(
            Path.Combine(folder, ResultsFile),
            Results(benchmark, score, run).ToJsonString(JsonSettings.Readable) + "\n"
        );
    }

    /// <summary>The contents of results.json.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="score">Its score.</param>
    /// <param name="run">Who answered and how.</param>
    public static JsonObject Results(BenchmarkFacts benchmark, EvaluationScore score, RunDescription run)
    {
        var results = new JsonObject();
        var higher = new JsonObject();
        foreach (IGrouping<string, Metric> task in score.Metrics.GroupBy(metric => metric.Task))
        {
            var figures = new JsonObject { ["alias"] = task.Key == benchmark.Name ? task.Key : " - " + task.Key };
            var direction = new JsonObject();
            foreach (Metric metric in task)
            {
                figures[$"{metric.Name},{metric.Filter}"] = metric.Value;
                figures[$"{metric.Name}_stderr,{metric.Filter}"] = metric.StandardError is { } error ? error : "N/A";
                if (metric.Interval is { } interval)
                {
                    figures[$"{metric.Name}_ci95_low,{metric.Filter}"] = interval.Low;
                    figures[$"{metric.Name}_ci95_high,{metric.Filter}"] = interval.High;
                }

                direction[metric.Name] = true;
            }

            results[task.Key] = figures;
            higher[task.Key] = direction;
        }

        var subtasks = new JsonArray([
            .. results
                .Select(pair => pair.Key)
                .Where(key => key != benchmark.Name)
                .Select(key => JsonValue.Create(key)),
        ]);
        var counts = new JsonObject([
            .. score.Counts.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)),
        ]);
        JsonObject config = (JsonObject)benchmark.Config.DeepClone();
        config["task"] = benchmark.Name;
        return new JsonObject
        {
            ["results"] = results,
            ["group_subtasks"] = new JsonObject { [benchmark.Name] = subtasks },
            ["configs"] = new JsonObject { [benchmark.Name] = config },
            ["versions"] = new JsonObject { [benchmark.Name] = benchmark.Version },
            ["n-shot"] = new JsonObject { [benchmark.Name] = benchmark.Shots },
            ["higher_is_better"] = higher,
            ["n-samples"] = new JsonObject
            {
                [benchmark.Name] = new JsonObject
                {
                    ["original"] = benchmark.OriginalCount,
                    ["effective"] = benchmark.EffectiveCount,
                },
            },
            ["counts"] = counts,
            ["config"] = new JsonObject
            {
                ["model"] = run.Model,
                ["judge"] = run.Judge,
                ["random_seed"] = run.Seed,
                ["bootstrap_iters"] = Bootstrap.DefaultResamples,
            },
            ["model_name"] = run.Model,
            ["date"] = run.Date.ToUnixTimeSeconds(),
            ["spar_version"] = typeof(ResultsWriter)
                .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion.Split('+')[0],
        };
    }

    private static JsonObject Sample(int index, ScoredSample sample)
    {
        var line = new JsonObject
        {
            ["doc_id"] = index,
            ["id"] = sample.Id,
            ["doc"] = new JsonObject { ["id"] = sample.Id, ["prompt"] = sample.Prompt },
            ["target"] = sample.Target,
            ["resps"] = new JsonArray(new JsonArray([.. sample.Responses.Select(text => JsonValue.Create(text))])),
            ["filtered_resps"] = new JsonArray([
                .. sample.Extracted.Select(text => text is null ? null : JsonValue.Create(text)),
            ]),
            ["filter"] = sample.Filter,
            ["metrics"] = new JsonArray([.. sample.Values.Keys.Select(name => JsonValue.Create(name))]),
        };
        foreach ((string name, double value) in sample.Values)
        {
            line[name] = value;
        }

        foreach ((string name, JsonNode? value) in sample.Extra ?? [])
        {
            line[name] = value?.DeepClone();
        }

        return line;
    }
}
