using System.ComponentModel.DataAnnotations;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>A yardstick of a recipe: what the models of every row are measured by, and on how much of it.</summary>
public sealed record YardstickSettings
{
    /// <summary>
    /// The yardstick: a benchmark of <c>spar eval</c> (ifeval, ifbench, followbench, llmbar, gsm8k, mmlu, triviaqa,
    /// perplexity, humaneval), held_out for the prompts that prompts.held_out keeps apart, or nano for the built-in
    /// world's held-out tasks.
    /// </summary>
    [Decides(Results.None), MinLength(1)]
    public required string Name { get; init; }

    /// <summary>First documents only (of each subset); all when not given.</summary>
    [Decides(Results.None), Range(1, int.MaxValue)]
    public int? Limit { get; init; }

    /// <summary>
    /// Folder with the data, one folder a benchmark, or for ifeval and ifbench a file of prompts; benchmark_data when
    /// not given.
    /// </summary>
    [Decides(Results.None), RefersTo(Referent.Folder)]
    public string? Data { get; init; }

    /// <summary>Worked examples in each prompt (gsm8k, mmlu, triviaqa); the benchmark's usual number when not given.</summary>
    [Decides(Results.None), Range(0, 1000)]
    public int? Shots { get; init; }

    /// <summary>
    /// Most tokens of an answer (ifeval, ifbench, held_out); the benchmark's usual number when not given, and
    /// respond.max_tokens for held_out. Small models that repeat themselves are measured faster with fewer.
    /// </summary>
    [Decides(Results.None), Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>Samples a problem (humaneval), or votes an order (llmbar).</summary>
    [Decides(Results.None), Range(1, 10_000)]
    public int Samples { get; init; } = 1;

    /// <summary>
    /// The model that judges where the benchmark needs one (followbench), and in held_out the responses to prompts that
    /// bring no constraints; the same for every row, so that rows can be compared.
    /// </summary>
    [Decides(Results.None), RefersTo(Referent.JudgeModel)]
    public string? Judge { get; init; }

    /// <summary>Judgements a response, of which the majority decides (held_out with a judge).</summary>
    [Decides(Results.None), Range(1, 1000)]
    public int Votes { get; init; } = 1;

    /// <summary>
    /// Whether held_out is measured with tree search as well: the actor's answers, refined by the run's refiner with the
    /// recipe's search, are a yardstick of their own, held_out_search.
    /// </summary>
    [Decides(Results.None)]
    public bool Search { get; init; }

    /// <summary>
    /// Consent to run the programs that the model wrote (humaneval), in a process of their own with limits and without
    /// network.
    /// </summary>
    [Decides(Results.None)]
    public bool Execute { get; init; }
}
