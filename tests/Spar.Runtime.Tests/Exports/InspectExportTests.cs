using System.IO.Compression;
using System.Text.Json.Nodes;
using Spar.Evaluation.Results;
using Spar.Evaluation.Statistics;
using Spar.Exports;
using Spar.Ground;
using Spar.Runtime.Exports;

namespace Spar.Runtime.Tests.Exports;

/// <summary>
/// Evaluations as logs of inspect_ai, held against what was scored, and against the members that inspect_ai's own models
/// (EvalLog, EvalSpec, EvalSample and what they hold) call for.
/// </summary>
public sealed class InspectExportTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("spar-inspect-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void An_evaluation_becomes_a_log_with_its_samples_and_figures()
    {
        string folder = WriteEvaluation(Path.Combine(_directory, "eval"));
        File.WriteAllText(
            Path.Combine(folder, "answers.jsonl"),
            "{\"id\":\"a/1\",\"text\":\"4\",\"finish_reason\":\"length\",\"input_tokens\":9,\"output_tokens\":2}\n");
        ExportedFile file = Assert.Single(InspectExport.Write(folder, Path.Combine(_directory, "logs")));
        Assert.Equal(2, file.Rows);
        Assert.Matches(@"^2026-01-01T00-00-00\+00-00_sums_[0-9a-f]{22}\.eval$", Path.GetFileName(file.Path));
        Dictionary<string, JsonNode> log = Read(file.Path);
        Assert.Equal(
            ["_journal/start.json", "samples/a/1_epoch_1.json", "samples/b_epoch_1.json", "_journal/summaries/1.json", "summaries.json", "header.json"],
            log.Keys);
        JsonNode header = log["header.json"];
        Assert.Equal((2, "success"), ((int)header["version"]!, (string)header["status"]!));
        Assert.Equal(
            ("sums", "the-model", "2026-01-01T00:00:00+00:00"),
            ((string)header["eval"]!["task"]!, (string)header["eval"]!["model"]!, (string)header["eval"]!["created"]!));
        Assert.Equal((3, 2), ((int)header["results"]!["total_samples"]!, (int)header["results"]!["completed_samples"]!));
        JsonArray scores = header["results"]!["scores"]!.AsArray();
        Assert.Equal(["exact_match,strict", "exact_match,flexible", "f1"], scores.Select(score => (string)score!["name"]!));
        Assert.Equal(
            [("exact_match", 0.5), ("stderr", 0.25), ("ci95_low", 0.125), ("ci95_high", 0.75)],
            scores[0]!["metrics"]!.AsObject().Select(metric => (metric.Key, (double)metric.Value!["value"]!)));
        Assert.Equal([("f1", 0.75)], scores[2]!["metrics"]!.AsObject().Select(metric => (metric.Key, (double)metric.Value!["value"]!)));
        Assert.Equal(0.25, (double)header["results"]!["metadata"]!["subtasks"]!["sums_hard"]!["f1"]!);
        Assert.Equal(1, (int)header["results"]!["metadata"]!["counts"]!["answers_missing"]!);
        Assert.Equal(64, (int)header["plan"]!["config"]!["max_tokens"]!);
        Assert.Equal(11, (int)header["stats"]!["model_usage"]!["the-model"]!["total_tokens"]!);
        JsonNode sample = log["samples/a/1_epoch_1.json"];
        Assert.Equal(("2 + 2", "4"), ((string)sample["input"]!, (string)sample["target"]!));
        Assert.Equal(["user 2 + 2", "assistant it is 4"], sample["messages"]!.AsArray().Select(turn => $"{turn!["role"]} {turn["content"]}"));
        Assert.Equal(("it is 4", "max_tokens"), ((string)sample["output"]!["completion"]!, (string)sample["output"]!["choices"]![0]!["stop_reason"]!));
        Assert.Equal(
            [("exact_match,strict", 0, null), ("f1", 0.5, null), ("exact_match,flexible", 1, "4")],
            sample["scores"]!.AsObject().Select(score => (score.Key, (double)score.Value!["value"]!, (string?)score.Value["answer"])));
        Assert.Equal([1, 0], sample["metadata"]!["steps"]!.AsArray().Select(step => (int)step!));
        Assert.Equal(["a/1", "b"], log["summaries.json"].AsArray().Select(summary => (string)summary!["id"]!));
        Assert.Equal(header["eval"]!.ToJsonString(), log["_journal/start.json"]["eval"]!.ToJsonString());
        byte[] bytes = File.ReadAllBytes(file.Path);
        InspectExport.Write(folder, Path.Combine(_directory, "logs"));
        Assert.Equal(bytes, File.ReadAllBytes(file.Path));
    }

    [Fact]
    public void Every_member_that_the_viewer_takes_for_given_is_there()
    {
        string folder = WriteEvaluation(Path.Combine(_directory, "eval"));
        Dictionary<string, JsonNode> log = Read(InspectExport.Write(folder, Path.Combine(_directory, "logs"))[0].Path);
        JsonNode header = log["header.json"];
        Has(header, "version", "status", "eval", "plan", "stats", "invalidated", "tags", "metadata", "results");
        Has(
            header["eval"]!, "eval_id", "run_id", "created", "task", "task_id", "task_version", "task_attribs", "task_args",
            "task_args_passed", "dataset", "model", "model_generate_config", "model_args", "config", "packages");
        Has(header["plan"]!, "name", "steps", "config");
        Has(header["plan"]!["steps"]![0]!, "solver", "params", "params_passed");
        Has(header["results"]!, "total_samples", "completed_samples", "scores");
        Has(header["results"]!["scores"]![0]!, "name", "scorer", "params", "metrics");
        Has(header["results"]!["scores"]![0]!["metrics"]!["exact_match"]!, "name", "value", "params");
        Has(header["stats"]!, "started_at", "completed_at", "model_usage", "role_usage", "connection_limit_history");
        JsonNode sample = log["samples/b_epoch_1.json"];
        Has(
            sample, "id", "epoch", "input", "target", "messages", "output", "scores", "metadata", "store", "events",
            "model_usage", "role_usage", "attachments");
        Has(sample["output"]!, "model", "choices", "completion");
        Has(sample["output"]!["choices"]![0]!, "message", "stop_reason");
        Has(sample["scores"]!["f1"]!, "value", "history");
        Has(log["summaries.json"][0]!, "id", "epoch", "input", "target", "metadata", "model_usage", "role_usage", "completed");
        Has(log["_journal/start.json"], "version", "eval", "plan");
    }

    [Fact]
    public void A_run_gives_a_log_a_measurement_and_what_is_no_evaluation_is_said()
    {
        string run = Path.Combine(_directory, "run");
        WriteEvaluation(Path.Combine(run, "evaluation", "sft", "sums"));
        WriteEvaluation(Path.Combine(run, "evaluation", "iteration-1", "sums"));
        IReadOnlyList<ExportedFile> files = InspectExport.Write(run, Path.Combine(_directory, "logs"));
        Assert.Equal(
            ["iteration-1", "sft"], files.Select(file => (string)Read(file.Path)["header.json"]["tags"]![0]!));
        Assert.Equal("sums", (string)Read(files[0].Path)["header.json"]["metadata"]!["yardstick"]!);
        Directory.Delete(Path.Combine(run, "evaluation"), recursive: true);
        Assert.Contains(
            "no evaluation in", Assert.Throws<UserFaultException>(() => InspectExport.Write(run, _directory)).Message,
            StringComparison.Ordinal);
        string folder = WriteEvaluation(Path.Combine(_directory, "eval"));
        File.WriteAllText(Path.Combine(folder, "results.json"), "{\"date\": \"today\"}");
        Assert.Contains(
            "results.json is not in the layout",
            Assert.Throws<UserFaultException>(() => InspectExport.Write(folder, _directory)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "samples.jsonl"), "{\"id\": \"a\"}\n");
        Assert.Contains(
            "samples.jsonl", Assert.Throws<UserFaultException>(() => InspectExport.Write(folder, _directory)).Message,
            StringComparison.Ordinal);
    }

    private static void Has(JsonNode node, params string[] members) =>
        Assert.All(members, member => Assert.True(node[member] is not null, $"{member} is missing in {node.ToJsonString()}"));

    private static Dictionary<string, JsonNode> Read(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        return archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using Stream stream = entry.Open();
            return JsonNode.Parse(stream)!;
        });
    }

    private static string WriteEvaluation(string folder)
    {
        BenchmarkFacts facts = new("sums", 3, 4, 3, 0, new JsonObject { ["max_tokens"] = 64, ["temperature"] = 0 });
        EvaluationScore score = new(
            [
                new Metric("sums", "exact_match", "strict", 0.5, 0.25, new Interval(0.125, 0.75)),
                new Metric("sums", "exact_match", "flexible", 1, null, null),
                new Metric("sums", "f1", Metric.NoFilter, 0.75, null, null),
                new Metric("sums_hard", "f1", Metric.NoFilter, 0.25, null, null),
            ],
            [
                new ScoredSample(
                    "a/1", "2 + 2", "4", ["it is 4"], [null],
                    new Dictionary<string, double> { ["exact_match"] = 0 }, "strict",
                    new JsonObject { ["steps"] = new JsonArray(1, 0), ["answer_status"] = "cut off at the token limit" }),
                new ScoredSample("a/1", "2 + 2", "4", ["it is 4"], [null], new Dictionary<string, double> { ["f1"] = 0.5 }),
                new ScoredSample(
                    "a/1", "2 + 2", "4", ["it is 4"], ["4"], new Dictionary<string, double> { ["exact_match"] = 1 }, "flexible"),
                new ScoredSample("b", "3 + 3", "6", ["6"], ["6"], new Dictionary<string, double> { ["f1"] = 1 }),
            ],
            new Dictionary<string, int> { ["answers_missing"] = 1 });
        ResultsWriter.Write(
            folder, facts, score,
            new RunDescription("the-model", null, 7, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        return folder;
    }
}
