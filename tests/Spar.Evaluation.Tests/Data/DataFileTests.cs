using Spar.Evaluation.Catalog;
using Spar.Evaluation.Data;
using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.Harness;
using Spar.Evaluation.LlmBar;
using Spar.Evaluation.Tests.Harness;
using Spar.Evaluation.TriviaQa;

namespace Spar.Evaluation.Tests.Data;

public class DataFileTests
{
    private const string Good = """{"question": "1+1?", "answer": "It is 2.\n#### 2"}""";

    [Theory]
    [InlineData("""{"question": "q"}""", "field \"answer\" is missing")]
    [InlineData("""{"question": 5, "answer": "#### 5"}""", "field \"question\" must be a text, not a number")]
    [InlineData("""{"question": "q", "answer": "5"}""", "field \"answer\" lacks the line \"#### final\"")]
    [InlineData("[1]", "a record must be a JSON object")]
    [InlineData("{", "not valid JSON")]
    public void A_bad_record_is_named_by_file_line_and_field(string line, string complaint)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("gsm8k/test.jsonl", Good, "", line);
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            Gsm8kData.LoadTest(new DataFolder(folder.Root), new DataProblems())
        );
        Assert.StartsWith($"{path}, line 3: ", fault.Message);
        Assert.Contains(complaint, fault.Message);
    }

    [Fact]
    public void Lenient_loading_skips_bad_records_and_says_which()
    {
        using var folder = new TemporaryFolder();
        folder.File("gsm8k/test.jsonl", Good, """{"question": "q"}""", Good);
        var problems = new DataProblems(lenient: true);
        Assert.Equal(
            ["gsm8k-0", "gsm8k-2"],
            Gsm8kData.LoadTest(new DataFolder(folder.Root), problems).Select(problem => problem.Id)
        );
        Assert.Contains("line 2", Assert.Single(problems.Skipped));
    }

    [Fact]
    public void A_repeated_key_names_both_lines()
    {
        using var folder = new TemporaryFolder();
        const string line =
            """{"id": "x", "subset": "Natural", "input": "i", "output_1": "a", "output_2": "b", "label": 1}""";
        folder.File("llmbar/llmbar.jsonl", line, line);
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            LlmBarData.Load(new DataFolder(folder.Root), new DataProblems())
        );
        Assert.Contains("line 2: field \"id\" repeats \"x\", which line 1 already has", fault.Message);
    }

    [Fact]
    public void Absent_data_are_asked_for_with_source_and_layout()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in Benchmarks.Names)
        {
            EvaluationException fault = Assert.Throws<EvaluationException>(() =>
                Benchmarks.Open(name, new DataFolder(folder.Root), new BenchmarkOptions())
            );
            Assert.Contains(Path.Combine(folder.Root, name), fault.Message);
            Assert.Contains("comes from", fault.Message);
            Assert.Contains("Expected:", fault.Message);
        }
    }

    [Fact]
    public void An_unknown_benchmark_is_answered_with_the_known_ones()
    {
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            Benchmarks.Open("gsm", new DataFolder("."), new BenchmarkOptions())
        );
        Assert.Contains("gsm8k", fault.Message);
    }

    [Fact]
    public void Every_benchmark_opens_from_the_shared_data_with_its_published_size()
    {
        DataFolder folder = GoldenFile.Data("mmlu");
        int Size(string name) => Benchmarks.Open(name, folder, new BenchmarkOptions()).Benchmark.Facts.EffectiveCount;
        Assert.Equal(
            (541, 820, 419, 1319, 14042, 164),
            (Size("ifeval"), Size("followbench"), Size("llmbar"), Size("gsm8k"), Size("mmlu"), Size("humaneval"))
        );
    }

    [Fact]
    public void TriviaQa_reads_the_original_layout()
    {
        using var folder = new TemporaryFolder();
        folder.File(
            "triviaqa/unfiltered-web-dev.json",
            """{"Data": [{"Question": "Q1", "QuestionId": "tc_1", "Answer": {"Aliases": ["x", "y"], "Value": "x"}}, {"Question": "Q2"}]}"""
        );
        var problems = new DataProblems(lenient: true);
        TriviaQaQuestion question = Assert.Single(TriviaQaData.LoadQuestions(new DataFolder(folder.Root), problems));
        Assert.Equal(("tc_1", "Q1", "x,y"), (question.Id, question.Question, string.Join(',', question.Aliases)));
        Assert.Contains("record 2", Assert.Single(problems.Skipped));
    }
}
