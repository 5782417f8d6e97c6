using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.HumanEval;
using Spar.Evaluation.LlmBar;

namespace Spar.Evaluation.Catalog;

/// <summary>What the command line can say about a benchmark; each benchmark heeds what concerns it.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Skip and count bad records rather than stop.</summary>
    public bool Lenient { get; init; }

    /// <summary>First documents to use (of each subset, type or subject); null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Worked examples in each prompt; null for the benchmark's usual number.</summary>
    public int? Shots { get; init; }

    /// <summary>
    /// IFEval and IFBench: in how many rewordings each prompt is asked; null for the prompts as they are.
    /// </summary>
    public int? Rewordings { get; init; }

    /// <summary>
    /// IFEval and IFBench: most tokens of an answer; null for the benchmark's usual number. Figures of different numbers
    /// are not to be compared.
    /// </summary>
    public int? MaxTokens { get; init; }

    /// <summary>HumanEval: samples a problem. LLMBar: votes an order.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>GSM8K: the way of asking.</summary>
    public Gsm8kForm Gsm8kForm { get; init; } = Gsm8kForm.ChainOfThought;

    /// <summary>LLMBar: how to ask and read; null for the default.</summary>
    public PairwiseTemplate? PairwiseTemplate { get; init; }

    /// <summary>HumanEval: runs the generated programs; null to write samples only.</summary>
    public ProgramRunner? ProgramRunner { get; init; }

    /// <summary>HumanEval: how code is taken out of an answer.</summary>
    public CompletionForm CompletionForm { get; init; } = CompletionForm.Chat;
}
