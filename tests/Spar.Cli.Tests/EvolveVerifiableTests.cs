using System.Text.Json;
using Spar.Cli.Console;
using Spar.Runtime.Verifiers;
using Spar.Seams;

namespace Spar.Cli.Tests;

/// <summary>Prompts that are made without a model.</summary>
public sealed class EvolveVerifiableTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-verifiable").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Fact]
    public async Task Prompts_are_written_counted_and_usable_as_constraint_file()
    {
        string[] command = ["evolve", "--verifiable", "--count", "25", "--constraints", "2-6", "--output", _work];
        (int code, string table, string messages) = await CliRunner.RunAsync("", command);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("hardness", table, StringComparison.Ordinal);
        Assert.Contains("25 prompts", messages, StringComparison.Ordinal);
        string prompts = Path.Combine(_work, "prompts.jsonl");
        byte[] first = File.ReadAllBytes(prompts);
        (_, string summary, _) = await CliRunner.RunAsync("", [.. command, "--json"]);
        Assert.Equal(first, File.ReadAllBytes(prompts));
        using JsonDocument counts = JsonDocument.Parse(summary);
        Assert.Equal(25, counts.RootElement.GetProperty("prompts").GetInt32());

        IFEvalVerifier verifier = IFEvalVerifier.Load(prompts);
        string[] texts = [.. File.ReadLines(prompts).Select(line => Field(line, "prompt"))];
        string[] answers =
        [
            .. File.ReadLines(Path.Combine(_work, "examples.jsonl")).Select(line => Field(line, "response")),
        ];
        Assert.All(
            texts.Zip(answers),
            pair =>
            {
                Assert.Equal(VerificationOutcome.NotFollowed, verifier.Verify(pair.First, "").Outcome);
                Assert.NotEqual(VerificationOutcome.NotFollowed, verifier.Verify(pair.First, pair.Second).Outcome);
            }
        );
    }

    [Fact]
    public async Task Ready_responses_to_a_file_of_prompts_are_scored_but_not_in_rewordings()
    {
        await CliRunner.RunAsync("", "evolve", "--verifiable", "--count", "5", "--output", _work);
        string[] command =
        [
            "eval",
            "ifeval",
            "--data",
            Path.Combine(_work, "prompts.jsonl"),
            "--responses",
            Path.Combine(_work, "examples.jsonl"),
            "--output",
            Path.Combine(_work, "eval"),
        ];
        (int code, string table, _) = await CliRunner.RunAsync("", command);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("100.00 %", table, StringComparison.Ordinal);
        await CliRunner.FailsAsync([.. command, "--rewordings", "3"], "--rewordings", "--responses");
    }

    [Fact]
    public async Task Faults_are_named()
    {
        await CliRunner.FailsAsync(["evolve", "--count", "5", "--output", _work], "--count", "--verifiable");
        await CliRunner.FailsAsync(
            ["evolve", "--verifiable", "--held-out", "keyword", "--output", _work],
            "'keyword'",
            "iftrain"
        );
        await CliRunner.FailsAsync(
            ["evolve", "--verifiable", "--avoid", "none.jsonl", "--output", _work],
            "none.jsonl"
        );
        await CliRunner.IsRefusedAsync(["evolve", "--verifiable", "--constraints", "5-2"], "--constraints", "5-2");
        await CliRunner.IsRefusedAsync(["evolve", "--verifiable", "--constraints", "1-16"], "--constraints");
    }

    private static string Field(string line, string name)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty(name).GetString()!;
    }
}
