namespace Spar.Evaluation.Data;

/// <summary>
/// The folder with the benchmarks' data: one folder a benchmark. Knows where each benchmark's files come from.
/// </summary>
/// <param name="root">The folder that <c>--data</c> names.</param>
public sealed class DataFolder(string root)
{
    private static readonly Dictionary<string, string> s_sources = new()
    {
        ["ifeval"] =
            "IFEval comes from github.com/google-research/google-research "
                + "(instruction_following_eval/data/input_data.jsonl; or the data set "
            + "google/IFEval). Expected: prompts.jsonl or input_data.jsonl with {key, prompt, instruction_id_list, "
            + "kwargs}.",
        ["ifbench"] =
            "IFBench comes from github.com/allenai/IFBench (data/IFBench_test.jsonl; or the data set "
                + "allenai/IFBench_test). Expected: "
            + "prompts.jsonl or IFBench_test.jsonl with {key, prompt, instruction_id_list, kwargs}.",
        ["followbench"] =
            "FollowBench comes from github.com/YJiangcm/FollowBench (folder data). Expected: content, situation, "
                + "style, format, example and "
            + "mixed .jsonl with {id, type, example_id, category, source, level, instruction, target, scored_by}.",
        ["llmbar"] =
            "LLMBar comes from github.com/princeton-nlp/LLMBar (folder Dataset/LLMBar). Expected: llmbar.jsonl with "
            + "{id, subset, input, output_1, output_2, label}; subsets Natural, Neighbor, GPTInst, GPTOut, Manual.",
        ["gsm8k"] =
            "GSM8K comes from github.com/openai/grade-school-math (or the data set openai/gsm8k). Expected: "
                + "test.jsonl with "
            + "{id, question, answer, final} and fewshot_pool.jsonl with {question, answer, rationale, final}.",
        ["triviaqa"] =
            "TriviaQA comes from nlp.cs.washington.edu/triviaqa (or the data set mandarjoshi/trivia_qa). Expected: "
                + "dev.jsonl with "
            + "{question, answers: [aliases]}, or the original unfiltered-web-dev.json; worked examples, if "
            + "wanted, likewise in train.jsonl or "
            + "unfiltered-web-train.json.",
        ["mmlu"] =
            "MMLU comes from github.com/hendrycks/test (or the data set cais/mmlu). Expected: dev.jsonl and "
                + "test.jsonl (or .jsonl.gz) with "
            + "{subject, index, question, choices: [4], answer: A-D}.",
        ["perplexity"] =
            "What perplexity is measured on comes from wherever you like: any texts that the model was not trained on. "
            + "Expected: texts.jsonl with {text} and perhaps {id}, each text shorter than the model's context.",
        ["humaneval"] =
            "HumanEval comes from github.com/openai/human-eval (data/HumanEval.jsonl.gz). Expected: "
                + "HumanEval.jsonl (or .jsonl.gz) with "
            + "{task_id, prompt, entry_point, canonical_solution, test}.",
    };

    /// <summary>The folder.</summary>
    public string Root => root;

    /// <summary>
    /// Path of the prompts of IFEval or IFBench, under this project's name or their source's, or of the file that
    /// stands in the
    /// place of the folder.
    /// </summary>
    /// <param name="benchmark">"ifeval" or "ifbench".</param>
    /// <exception cref="EvaluationException">There is none; the message says where to get the file.</exception>
    public string RequirePrompts(string benchmark) =>
        File.Exists(root)
            ? root
            : Require(benchmark, "prompts.jsonl", benchmark == "ifeval" ? "input_data.jsonl" : "IFBench_test.jsonl");

    /// <summary>Path of a file of a benchmark, gzipped or plain.</summary>
    /// <param name="benchmark">The benchmark, which is also its folder's name.</param>
    /// <param name="names">The file, or several of which any will do, first choice first.</param>
    /// <exception cref="EvaluationException">
    /// There is none; the message says where to get the files and in which layout.
    /// </exception>
    public string Require(string benchmark, params string[] names) =>
        Find(benchmark, names)
        ?? throw new EvaluationException(
            $"{Path.Combine(root, benchmark, names[0])} was not found. {s_sources[benchmark]} Put the files into "
                + $"{Path.Combine(root, benchmark)}, "
                + "or name another data folder with --data."
        );

    /// <summary>Like <see cref="Require"/>, but null where there is none.</summary>
    /// <param name="benchmark">The benchmark, which is also its folder's name.</param>
    /// <param name="names">The file, or several of which any will do, first choice first.</param>
    public string? Find(string benchmark, params string[] names) =>
        names
            .Select(name => DataFile.Find(Path.Combine(root, benchmark, name)))
            .FirstOrDefault(path => path is not null);
}
