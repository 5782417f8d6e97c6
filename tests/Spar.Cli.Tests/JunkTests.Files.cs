using System.CommandLine;
using FsCheck;
using FsCheck.Fluent;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

// The files that commands read, each with a way to have it read.
public sealed partial class JunkTests
{
    // A command, the file of it that is damaged, and that file's good content.
    private IEnumerable<(string What, string File, byte[] Good, string[] Words)> Readers()
    {
        string none = Path.Combine(_work, "none");
        string At(string name) => Path.Combine(_work, name);
        byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
        byte[] Shipped(params string[] path) => File.ReadAllBytes(Path.Combine([SharedData.ProjectRoot, .. path]));

        byte[] recipe = Bytes(
            "base_model: no/such/model\nprompt_set: compact\nsft_prompts: 16\ndpo: { learning_rate: 1e-4 }\n"
        );
        yield return ("recipe check", At("r.yaml"), recipe, ["recipe", "check", At("r.yaml")]);
        yield return ("recipe show", At("r.yaml"), recipe, ["recipe", "show", At("r.yaml"), "--resolved"]);
        yield return ("run", At("r.yaml"), recipe, ["run", At("r.yaml"), "--output", At("run")]);
        yield return (
            "pretrain",
            At("p.yaml"),
            Shipped("recipes", "nano-pretrain.yaml")[..200],
            ["pretrain", At("p.yaml")]
        );
        yield return (
            "experiment",
            At("e.yaml"),
            Bytes("recipe: no/such.yaml\n"),
            ["experiment", "baselines", At("e.yaml"), "--output", At("x")]
        );
        yield return (
            "experiment",
            At("s.yaml"),
            Bytes("base_model: no/such\n"),
            ["experiment", "synthetic", At("s.yaml"), "--output", At("x")]
        );

        yield return (
            "prompts",
            At("p.jsonl"),
            Bytes("{\"prompt\": \"hi\"}\n"),
            ["generate", "--prompts-file", At("p.jsonl"), "--model", none]
        );
        yield return (
            "seeds",
            At("seeds.jsonl"),
            Bytes("{\"prompt\": \"hi\"}\n"),
            ["evolve", At("seeds.jsonl"), "--teacher", none, "--output", At("ev")]
        );
        File.WriteAllText(At("good-seeds.jsonl"), "{\"prompt\": \"hi\"}\n");
        string[] evolve = ["evolve", At("good-seeds.jsonl"), "--teacher", none, "--output", At("ev")];
        yield return (
            "taxonomy",
            At("t.json"),
            Shipped("recipes", "nano-taxonomy.json"),
            [.. evolve, "--taxonomy", At("t.json")]
        );
        yield return ("template", At("t.txt"), Bytes("{seed} {main} {others}"), [.. evolve, "--template", At("t.txt")]);
        foreach (string file in new[] { "judge.txt", "refine.txt", "format.json" })
        {
            string set = Directory.CreateDirectory(At($"set-{file}")).FullName;
            string source = Path.Combine(SharedData.ProjectRoot, "src", "Spar", "Templates", "compact");
            foreach (string other in Directory.GetFiles(source))
            {
                File.Copy(other, Path.Combine(set, Path.GetFileName(other)), overwrite: true);
            }

            yield return (
                file,
                Path.Combine(set, file),
                File.ReadAllBytes(Path.Combine(source, file)),
                ["generate", "hi", "--prompts", set, "--model", none]
            );
        }

        yield return (
            "token ids",
            At("ids.json"),
            Bytes("[[1, 2]]"),
            ["model", "logits", none, "--tokens", At("ids.json"), "--output", At("l.safetensors")]
        );
        yield return (
            "texts",
            At("texts.jsonl"),
            Bytes("\"a\"\n{\"text\": \"b\"}\n"),
            ["model", "tokenize", Nano, "--input", At("texts.jsonl")]
        );
        yield return (
            "cases",
            At("cases.jsonl"),
            Bytes("{\"id\": \"1\", \"instruction\": \"a\", \"response\": \"b\"}\n"),
            [
                "eval",
                "refinement",
                "--cases",
                At("cases.jsonl"),
                "--output",
                At("ref"),
                "--judge",
                none,
                "--second-judge",
                "checks",
            ]
        );
        foreach ((string what, string file, byte[] good, string[] words) in Benchmarks().Concat(Models()))
        {
            yield return (what, file, good, words);
        }
    }

    private IEnumerable<(string What, string File, byte[] Good, string[] Words)> Benchmarks()
    {
        string data = Directory.CreateDirectory(Path.Combine(_work, "data")).FullName;
        string none = Path.Combine(_work, "none");
        byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
        (string Task, string File, string Row)[] tasks =
        [
            (
                "ifeval",
                "prompts.jsonl",
                """{"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"""
            ),
            (
                "ifbench",
                "prompts.jsonl",
                """{"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"""
            ),
            (
                "llmbar",
                "llmbar.jsonl",
                """{"id": "1", "subset": "Natural", "input": "a", "output_1": "b", "output_2": "c", "label": 1}"""
            ),
            ("gsm8k", "test.jsonl", """{"id": "1", "question": "a", "answer": "b", "final": "1"}"""),
            ("perplexity", "texts.jsonl", """{"text": "a b"}"""),
            ("triviaqa", "dev.jsonl", """{"question": "a", "answers": ["b"]}"""),
            (
                "triviaqa",
                "unfiltered-web-dev.json",
                """{"Data": [{"Question": "a", "QuestionId": "b", "Answer": {"Aliases": ["c"]}}]}"""
            ),
            (
                "mmlu",
                "dev.jsonl",
                """{"subject": "s", "index": 0, "question": "a", "choices": ["a", "b", "c", "d"], "answer": "A"}"""
            ),
            (
                "humaneval",
                "HumanEval.jsonl",
                """{"task_id": "1", "prompt": "a", "entry_point": "f", "canonical_solution": "b", "test": "c"}"""
            ),
            ("humaneval", "HumanEval.jsonl.gz", "not packed"),
            (
                "followbench",
                "content.jsonl",
                """{"id": "1", "type": "content", "example_id": 1, "category": "c", "source": "s", "level": 1, "instruction": "i", "target": "t"}"""
            ),
        ];
        foreach ((string task, string file, string row) in tasks)
        {
            string folder = Directory.CreateDirectory(Path.Combine(_work, $"data-{task}-{file}", task)).FullName;
            string path = Path.Combine(folder, file);
            string[] words =
            [
                "eval",
                task,
                "--data",
                Path.GetDirectoryName(folder)!,
                "--model",
                none,
                "--output",
                Path.Combine(_work, "out"),
            ];
            yield return (task, path, Bytes(row + "\n"), words);
            yield return ($"{task} leniently", path, Bytes(row + "\n"), [.. words, "--lenient"]);
        }

        string ifeval = Directory.CreateDirectory(Path.Combine(data, "ifeval")).FullName;
        File.WriteAllText(Path.Combine(ifeval, "prompts.jsonl"), tasks[0].Row + "\n");
        string responses = Path.Combine(_work, "responses.jsonl");
        byte[] good = Bytes("{\"key\": 1, \"response\": \"x\"}\n");
        yield return ("responses", responses, good, ["eval", "ifeval", "--responses", responses, "--data", data]);
        yield return (
            "responses leniently",
            responses,
            good,
            ["eval", "ifeval", "--responses", responses, "--data", data, "--lenient"]
        );
        yield return (
            "packed responses",
            responses + ".gz",
            good,
            ["eval", "ifeval", "--responses", responses + ".gz", "--data", data, "--lenient"]
        );
        string stored = Directory.CreateDirectory(Path.Combine(_work, "stored")).FullName;
        yield return (
            "answers",
            Path.Combine(stored, "answers.jsonl"),
            Bytes("{\"id\":\"1\",\"model\":\"m\",\"seed\":0,\"request\":\"r\",\"text\":\"t\"}\n"),
            ["eval", "ifeval", "--rescore", "--data", data, "--output", stored]
        );

        foreach (string file in new[] { "results.json", "samples.jsonl" })
        {
            string result = Directory.CreateDirectory(Path.Combine(_work, $"result-{file}")).FullName;
            byte[] results = Bytes("""{"results": {"t": {"m,none": 1}}, "versions": {"t": 1}, "model_name": "x"}""");
            byte[] samples = Bytes("""{"id": "1", "metrics": ["m"], "m": 1, "doc": {"prompt": "p"}}""" + "\n");
            File.WriteAllBytes(Path.Combine(result, "results.json"), results);
            File.WriteAllBytes(Path.Combine(result, "samples.jsonl"), samples);
            yield return (
                file,
                Path.Combine(result, file),
                file == "results.json" ? results : samples,
                ["eval", "compare", result, result]
            );
        }
    }

    private IEnumerable<(string What, string File, byte[] Good, string[] Words)> Models()
    {
        foreach (
            string file in new[]
            {
                "config.json",
                "generation_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "model.safetensors",
                "chat_template.jinja",
            }
        )
        {
            string model = Directory.CreateDirectory(Path.Combine(_work, $"model-{file}")).FullName;
            foreach (string other in Directory.GetFiles(Nano))
            {
                File.Copy(other, Path.Combine(model, Path.GetFileName(other)), overwrite: true);
            }

            byte[] good = File.Exists(Path.Combine(Nano, file))
                ? File.ReadAllBytes(Path.Combine(Nano, file))
                : "{{ messages[0]['content'] }}"u8.ToArray();
            yield return ($"info with {file}", Path.Combine(model, file), good, ["model", "info", model]);
            yield return (
                $"generate with {file}",
                Path.Combine(model, file),
                good,
                ["generate", "hi", "--model", model, "--max-tokens", "2"]
            );
        }

        string gguf = Path.Combine(_work, "x.gguf");
        byte[] whole = [.. "GGUF"u8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        yield return ("GGUF", gguf, whole, ["model", "info", gguf]);
        yield return ("GGUF", gguf, whole, ["generate", "hi", "--model", gguf]);
        string run = Directory.CreateDirectory(Path.Combine(_work, "a-run")).FullName;
        string database = Path.Combine(run, "run.db");
        byte[] header = [.. "SQLite format 3\0"u8, .. new byte[4080]];
        yield return ("store", database, header, ["report", run]);
        yield return ("store", database, header, ["report", run, "--json"]);
        yield return ("store", database, header, ["export", run, "--output", Path.Combine(_work, "exported")]);
    }
}
