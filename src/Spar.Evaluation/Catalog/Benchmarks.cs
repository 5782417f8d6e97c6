using Spar.Evaluation.Data;
using Spar.Evaluation.FollowBench;
using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.Harness;
using Spar.Evaluation.HumanEval;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.LlmBar;
using Spar.Evaluation.Mmlu;
using Spar.Evaluation.Perplexity;
using Spar.Evaluation.Robustness;
using Spar.Evaluation.TriviaQa;

namespace Spar.Evaluation.Catalog;

/// <summary>Opens benchmarks by name.</summary>
public static class Benchmarks
{
    private static readonly Dictionary<string, Func<DataFolder, DataProblems, BenchmarkOptions, IBenchmark>> s_byName =
        new()
        {
            ["ifeval"] = (folder, problems, options) => OpenInstructions("ifeval", folder, problems, options),
            ["ifbench"] = (folder, problems, options) => OpenInstructions("ifbench", folder, problems, options),
            ["followbench"] = (folder, problems, options) =>
            {
                IReadOnlyList<FollowBenchGroup> groups = FollowBenchData.Load(folder, problems);
                return new FollowBenchBenchmark(groups, options.Limit, problems.Skipped.Count);
            },
            ["llmbar"] = (folder, problems, options) =>
            {
                IReadOnlyList<LlmBarInstance> instances = LlmBarData.Load(folder, problems);
                return new LlmBarBenchmark(
                    instances,
                    options.PairwiseTemplate,
                    options.Samples,
                    options.Limit,
                    problems.Skipped.Count
                );
            },
            ["gsm8k"] = (folder, problems, options) =>
            {
                IReadOnlyList<Gsm8kProblem> test = Gsm8kData.LoadTest(folder, problems);
                IReadOnlyList<Gsm8kProblem> pool = options.Shots == 0 ? [] : Gsm8kData.LoadShots(folder, problems);
                return new Gsm8kBenchmark(
                    test,
                    pool,
                    options.Gsm8kForm,
                    options.Shots,
                    options.Limit,
                    problems.Skipped.Count
                );
            },
            ["triviaqa"] = (folder, problems, options) =>
            {
                IReadOnlyList<TriviaQaQuestion> questions = TriviaQaData.LoadQuestions(folder, problems);
                IReadOnlyList<TriviaQaQuestion> pool = TriviaQaData.LoadShots(folder, problems);
                return new TriviaQaBenchmark(questions, pool, options.Shots, options.Limit, problems.Skipped.Count);
            },
            ["mmlu"] = (folder, problems, options) =>
            {
                IReadOnlyList<MmluItem> test = MmluData.LoadTest(folder, problems);
                IReadOnlyList<MmluItem> pool = options.Shots == 0 ? [] : MmluData.LoadShots(folder, problems);
                return new MmluBenchmark(test, pool, options.Shots ?? 5, options.Limit, problems.Skipped.Count);
            },
            ["perplexity"] = (folder, problems, options) =>
            {
                IReadOnlyList<PlainText> texts = PerplexityBenchmark.Load(folder, problems);
                return new PerplexityBenchmark(texts, options.Limit, problems.Skipped.Count);
            },
            ["humaneval"] = (folder, problems, options) =>
            {
                IReadOnlyList<HumanEvalProblem> all = HumanEvalData.Load(folder, problems);
                return new HumanEvalBenchmark(
                    all,
                    options.ProgramRunner,
                    options.Samples,
                    options.CompletionForm,
                    options.Limit,
                    problems.Skipped.Count
                );
            },
        };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => s_byName.Keys;

    /// <summary>Loads a benchmark's data and makes the benchmark.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="options">What the command line says.</param>
    /// <returns>The benchmark, and the records that were skipped (lenient only).</returns>
    /// <exception cref="EvaluationException">
    /// The name is unknown, files are missing, or a record is bad and the options are strict.
    /// </exception>
    public static (IBenchmark Benchmark, IReadOnlyList<string> Skipped) Open(
        string name,
        DataFolder folder,
        BenchmarkOptions options
    )
    {
        if (!s_byName.TryGetValue(name, out Func<DataFolder, DataProblems, BenchmarkOptions, IBenchmark>? open))
        {
            throw new EvaluationException($"There is no benchmark \"{name}\"; there are {string.Join(", ", Names)}.");
        }

        var problems = new DataProblems(options.Lenient);
        return (open(folder, problems, options), problems.Skipped);
    }

    private static IBenchmark OpenInstructions(
        string name,
        DataFolder folder,
        DataProblems problems,
        BenchmarkOptions options
    )
    {
        LoadedFile<InstructionPrompt> prompts = InstructionPrompt.Load(folder.RequirePrompts(name), problems.Lenient);
        foreach (string skipped in prompts.Skipped)
        {
            problems.Report(new EvaluationException(skipped));
        }

        return options.Rewordings is int rewordings
            ? new RewordedBenchmark(name, prompts.Items, rewordings, options.Limit, problems.Skipped.Count)
            : new InstructionBenchmark(name, prompts.Items, options.Limit, problems.Skipped.Count, options.MaxTokens);
    }
}
