using System.Xml.Linq;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

public class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Spar.Ground"] = [],
        ["Spar.Calls"] = ["Spar.Ground"],
        ["Spar.Engine"] = ["Spar.Ground"],
        ["Spar"] = ["Spar.Ground", "Spar.Calls"],
        ["Spar.Evaluation"] = ["Spar.Ground", "Spar.Calls"],
        ["Spar.Evaluators"] = ["Spar.Ground", "Spar.Calls", "Spar.Evaluation", "Spar"],
        ["Spar.Nano"] = ["Spar.Ground"],
        ["Spar.Runtime"] = ["Spar.Ground", "Spar.Calls", "Spar.Engine", "Spar", "Spar.Evaluation", "Spar.Nano"],
        ["Spar.Web"] = ["Spar.Ground", "Spar.Calls", "Spar"],
        ["Spar.Cli"] =
        [
            "Spar.Ground",
            "Spar.Calls",
            "Spar.Engine",
            "Spar",
            "Spar.Evaluation",
            "Spar.Nano",
            "Spar.Runtime",
            "Spar.Web",
        ],
    };

    /// <summary>
    /// What each folder of a project may use of the others, "." being the project's own. No way along the arrows leads
    /// back to where it began.
    /// </summary>
    private static readonly Dictionary<string, Dictionary<string, string[]>> s_folders = new()
    {
        ["Spar.Ground"] = [],
        ["Spar.Calls"] = [],
        ["Spar.Engine"] = new()
        {
            ["Chat"] = [".", "Chat/Jinja", "Tokenization"],
            ["Chat/Jinja"] = ["."],
            ["Checkpoints"] = [".", "Checkpoints/Gguf", "Files", "Models", "Tensors", "Tokenization"],
            ["Checkpoints/Gguf"] = [".", "Kernels/Quantized", "Models", "Tensors", "Tokenization"],
            ["Files"] = ["."],
            ["Inference"] =
            [
                ".",
                "Chat",
                "Checkpoints",
                "Checkpoints/Gguf",
                "Kernels",
                "Kernels/Quantized",
                "Models",
                "Sampling",
                "Tensors",
                "Tokenization",
            ],
            ["Inspection"] = ["Checkpoints", "Checkpoints/Gguf", "Inference", "Models", "Tokenization", "Training"],
            ["Kernels"] = ["Tensors"],
            ["Kernels/Quantized"] = ["Kernels"],
            ["Models"] = [".", "Kernels", "Tensors"],
            ["Sampling"] = [".", "Kernels"],
            ["Tokenization"] = [".", "Files", "Models"],
            ["Training"] = [".", "Kernels", "Models", "Tensors"],
            ["Training/Losses"] = [".", "Training"],
        },
        ["Spar"] = new()
        {
            ["Decoding"] = [".", "Judging", "Seams", "Search", "Templates"],
            ["Evolution"] = [".", "Templates"],
            ["Experiments"] = [".", "Judging", "Runs", "Seams", "SelfPlay", "Store"],
            ["Experiments/Decoding"] =
            [
                ".",
                "Experiments",
                "Judging",
                "Seams",
                "Search",
                "SelfPlay",
                "Store",
                "Templates",
            ],
            ["Experiments/Synthetic"] = [".", "Experiments", "Recipes", "Seams", "SelfPlay", "Store"],
            ["Exports"] = [".", "Seams", "SelfPlay", "Store"],
            ["Judging"] = [".", "Recipes", "Seams", "Templates"],
            ["Methods"] = [".", "Judging", "Methods/Checks", "Seams", "Search", "SelfPlay", "Store", "Templates"],
            ["Recipes"] = ["."],
            ["Runs"] = [".", "Methods", "Seams", "SelfPlay", "Store", "Templates"],
            ["Search"] = [".", "Judging", "Templates"],
            ["SelfPlay"] = [".", "Judging", "Recipes", "Seams", "Search", "Store", "Templates"],
            ["Store"] = [".", "Recipes"],
            ["Templates"] = [".", "Seams"],
        },
        ["Spar.Evaluation"] = new()
        {
            ["Catalog"] =
            [
                ".",
                "Data",
                "FollowBench",
                "Gsm8k",
                "Harness",
                "HumanEval",
                "InstructionFollowing",
                "LlmBar",
                "Mmlu",
                "Perplexity",
                "Robustness",
                "TriviaQa",
            ],
            ["Data"] = ["."],
            ["FollowBench"] = [".", "Data", "Harness", "Results", "Statistics", "Text"],
            ["Gsm8k"] = [".", "Data", "Harness", "Results", "Text"],
            ["Harness"] = [".", "Results"],
            ["HumanEval"] = [".", "Data", "Harness", "Results"],
            ["IFBench"] = ["IFBench/Verifiers", "Instructions"],
            ["IFBench/Verifiers"] = [".", "Instructions", "Sentences", "Text"],
            ["IFEval"] = ["IFEval/Verifiers", "Instructions"],
            ["IFEval/Verifiers"] = [".", "Instructions", "Language", "Sentences", "Text"],
            ["IFTrain"] = [".", "IFEval/Verifiers", "Instructions", "Sentences", "Text"],
            ["InstructionFollowing"] =
            [
                ".",
                "Data",
                "Harness",
                "IFBench",
                "IFBench/Verifiers",
                "IFEval",
                "IFTrain",
                "Instructions",
                "Results",
                "Text",
            ],
            ["Instructions"] = [".", "Data", "Text"],
            ["Integrity"] = ["InstructionFollowing", "Instructions"],
            ["Language"] = [".", "Text"],
            ["LlmBar"] = [".", "Data", "Harness", "Results", "Text"],
            ["Mending"] = ["InstructionFollowing", "Instructions", "Sentences", "Text"],
            ["Mmlu"] = [".", "Data", "Harness", "Results", "Text"],
            ["Perplexity"] = [".", "Data", "Harness", "Results"],
            ["Refinement"] = [".", "Data", "Harness", "Results", "Statistics"],
            ["Results"] = [".", "Data", "Statistics"],
            ["Robustness"] = ["Harness", "InstructionFollowing", "Results", "Synthesis"],
            ["Sentences"] = [".", "Text"],
            ["Synthesis"] =
            [
                ".",
                "Data",
                "IFBench/Verifiers",
                "InstructionFollowing",
                "Instructions",
                "Text",
            ],
            ["Text"] = ["."],
            ["TriviaQa"] = [".", "Data", "Harness", "Results", "Text"],
        },
        ["Spar.Evaluators"] = [],
        ["Spar.Nano"] = new() { ["Synthetic"] = ["."] },
        ["Spar.Runtime"] = new()
        {
            ["Composition"] =
            [
                "Embedded",
                "Endpoints",
                "Evaluation",
                "Fleet",
                "Launchers",
                "Models",
                "Nano",
                "Pretraining",
                "Prompts",
                "Recipes",
                "Shards",
                "Trainers",
                "Verifiers",
            ],
            ["Shards"] = ["Launchers"],
            ["Trainers"] = ["Embedded", "Launchers", "Mpi"],
            ["Clusters"] = ["Composition", "Launchers", "Models", "Recipes", "Trainers"],
            ["Exports"] = ["Evaluation"],
            ["Fleet"] = ["Endpoints", "Launchers", "Models"],
            ["Experiments"] = ["Composition", "Embedded", "Models", "Nano", "Recipes"],
            ["Planning"] = ["Composition", "Recipes"],
            ["Pretraining"] = ["Embedded", "Nano"],
            ["Prompts"] = ["Recipes"],
            ["Recipes"] = ["Models"],
        },
        ["Spar.Web"] = new()
        {
            ["Charts"] = ["Text"],
            ["Dashboard"] = ["Charts", "Reports", "Serving", "Text", "Trees"],
            ["Experiments"] = ["Charts", "Reports"],
            ["Reports"] = ["Charts", "Text", "Trees"],
            ["Trees"] = ["Charts", "Text"],
        },
        ["Spar.Cli"] = new()
        {
            ["."] = ["Arguments", "Commands", "Console"],
            ["Commands"] = ["Arguments", "Assistants", "Console", "Experiments"],
            ["Experiments"] = ["Console"],
        },
    };

    public static TheoryData<string> Projects => [.. s_folders.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_use_only_what_they_may(string project)
    {
        FolderGraph graph = FolderGraph.Read(Path.Combine(SharedData.ProjectRoot, "src", project));
        Dictionary<string, string[]> allowed = s_folders[project];
        string[] wrong =
        [
            .. graph
                .Arrows.Where(arrow => !allowed.GetValueOrDefault(arrow.Key.From, []).Contains(arrow.Key.To))
                .OrderBy(arrow => arrow.Key)
                .Select(arrow =>
                    $"{project}: {arrow.Key.From} -> {arrow.Key.To} ({arrow.Value}) is not in the table of allowed "
                        + "arrows"
                ),
            .. graph.FindCycle() is { } cycle ? [$"{project}: {string.Join(" -> ", cycle)} is a cycle"] : (string[])[],
        ];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_project_has_its_table() => Assert.Equal(s_allowed.Keys.Order(), s_folders.Keys.Order());

    [Theory]
    [InlineData("using P.Upper;", "A -> Upper")]
    [InlineData("using static P.Upper.Tool;", "A -> Upper")]
    [InlineData("class One { Upper.Tool tool; }", "A -> Upper")]
    [InlineData("class One { P.Upper.Tool tool; }", "A -> Upper")]
    [InlineData("class One { Rooted root; }", "A -> .")]
    [InlineData("// Upper.Tool, Rooted\nclass One { string text = \"P.Upper.Tool Rooted\"; Upper.Other other; }", "")]
    public void An_arrow_is_seen_however_it_is_drawn(string code, string arrow)
    {
        FolderGraph graph = FolderGraph.Of(
            "P",
            [
                ("A/One.cs", $"namespace P.A;\n{code}\n"),
                ("Upper/Tool.cs", "namespace P.Upper; class Tool;"),
                ("Rooted.cs", "namespace P; class Rooted;"),
            ]
        );
        Assert.Equal(arrow, string.Join(", ", graph.Arrows.Keys.Select(key => $"{key.From} -> {key.To}")));
        Assert.Null(graph.FindCycle());
    }

    [Fact]
    public void A_cycle_is_found()
    {
        FolderGraph graph = FolderGraph.Of(
            "P",
            [("A/A.cs", "using P.B;\nclass A;"), ("B/B.razor", "@using P.C\n<p />"), ("C/C.cs", "class C { A.A a; }")]
        );
        Assert.Equal(["A", "B", "C", "A"], graph.FindCycle());
    }

    [Fact]
    public void No_file_is_longer_than_400_lines()
    {
        string[] folders = ["src", "tests", "bench", "examples"];
        IEnumerable<string> files = folders
            .SelectMany(folder =>
                Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, folder), "*.cs", SearchOption.AllDirectories)
            )
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));
        Assert.DoesNotContain(files, file => File.ReadLines(file).Skip(400).Any());
    }

    [Fact]
    public void Projects_refer_only_to_what_they_may()
    {
        string[] projects = Directory.GetFiles(
            Path.Combine(SharedData.ProjectRoot, "src"),
            "*.csproj",
            SearchOption.AllDirectories
        );
        Assert.Equal(s_allowed.Keys.Order(), projects.Select(path => Path.GetFileNameWithoutExtension(path)!).Order());
        foreach (string path in projects)
        {
            string[] references =
            [
                .. XDocument
                    .Load(path)
                    .Descendants("ProjectReference")
                    .Select(element => Path.GetFileNameWithoutExtension((string)element.Attribute("Include")!)),
            ];
            string name = Path.GetFileNameWithoutExtension(path);
            Assert.True(
                references.All(s_allowed[name].Contains),
                $"{name} refers to {string.Join(", ", references.Except(s_allowed[name]))}"
            );
        }
    }

    [Fact]
    public void The_method_knows_no_console_no_network_and_no_model_files()
    {
        string[] forbidden = ["System.Net.Http", "Console.", "Spectre", "safetensors", "tokenizer.json", "HttpClient"];
        foreach (
            string file in Directory
                .GetFiles(Path.Combine(SharedData.ProjectRoot, "src", "Spar"), "*.cs", SearchOption.AllDirectories)
                .Where(file =>
                    !file.Contains(
                        $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}",
                        StringComparison.Ordinal
                    )
                )
        )
        {
            string text = File.ReadAllText(file);
            foreach (string word in forbidden)
            {
                Assert.False(text.Contains(word, StringComparison.Ordinal), $"{file} mentions {word}");
            }
        }
    }
}
