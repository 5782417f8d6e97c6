using System.CommandLine;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runtime.Nano;
using Spar.Seams;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar new</c>: a recipe and a file of prompts to start from.</summary>
internal static class NewCommand
{
    private const string Help = """
        Makes a folder with a commented recipe and a small file of prompts that it names. They run as they are, with the
        model that comes with the program; put your own model and prompts in their place.

        Example:
          spar new mine
        """;

    private const string Recipe = """
        # A run of your own. Every key is explained by 'spar recipe schema --markdown'; 'spar recipe check' looks this file
        # over, and 'spar run recipe.yaml --dry-run' says what the run will take.
        seed: 1

        # The model that learns: a checkpoint folder or a GGUF file. models/nano comes with the program.
        base_model: models/nano
        # How a judgement and a refinement are asked for: compact for models/nano, full for models of about 7B and up.
        prompt_set: compact

        # Your prompts: JSONL, JSON, CSV or Parquet, with prompt or messages. They are split by the seed.
        prompts:
          files: [prompts.jsonl]
          near_duplicates: 1.0     # the prompts here are short and alike; leave this out for your own

        # Who shows both models how to answer, judge and refine before self-play; with nobody they begin as they are.
        # teacher: { model: "http://localhost:8000/v1#NAME" }   # any model, or { files: [lessons.jsonl] }
        # sft_prompts: 200
        # refiner_prompts: 100

        # Self-play: the actor answers, the refiner judges by vote and repairs by tree search, both learn from it.
        iterations: 1
        prompts_per_iteration: 60
        responses: 5
        votes: 5
        respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
        judge: { temperature: 0.7, top_p: 1.0, max_tokens: 200 }
        refine: { temperature: 0.7, top_p: 1.0, max_tokens: 200 }
        search: { order: bfs, branch: 3, select_branch: 2, max_depth: 3 }
        dpo: { learning_rate: 1e-4, schedule: linear, epochs: 2, batch_size: 16 }
        rft: { learning_rate: 1e-5, batch_size: 16 }

        # What measures each row: here the built-in world's held-out tasks; for your own model 'ifeval' and others.
        evaluation: [{ name: nano }]
        nano: { held_out_prompts: 100, held_out_repairs: 30 }

        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "folder to make");
        Command command = new("new", Help) { folder };
        command.SetAction(parse =>
        {
            string path = parse.GetValue(folder)!;
            string recipe = Path.Combine(path, "recipe.yaml");
            string prompts = Path.Combine(path, "prompts.jsonl");
            if (new[] { recipe, prompts }.FirstOrDefault(Path.Exists) is string there)
            {
                throw new UserFaultException($"{there} is there already.", "Name another folder.");
            }

            Shared.MakeFolder(path);
            string[] texts =
            [
                .. new NanoPrompts(1, 0).Take(PromptSplit.SelfPlay(1), 400).Select(one => one.Text).Distinct().Take(200),
            ];
            AtomicFile.WriteText(
                prompts,
                string.Concat(
                    texts.Select(
                        (text, i) => JsonSerializer.Serialize(new { id = i + 1, prompt = text }, JsonSettings.Compact) + "\n"
                    )
                )
            );
            AtomicFile.WriteText(recipe, Recipe.ReplaceLineEndings("\n"));
            context.Output.WriteLine($"{recipe} and {prompts} are there; 'spar run {recipe}' runs them.");
            return ExitCode.Success;
        });
        return command;
    }
}
