using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Tensors;
using Spar.Ground;

namespace Spar.Cli.Commands;

/// <summary><c>spar model logits</c>: the model's numbers for given tokens.</summary>
internal static class ModelLogitsCommand
{
    private const string Help = """
        Writes the logits of given token ids, for comparing with other implementations. Input: a JSON list of lists of ids. Output: a safetensors file
        with one tensor for each list, named "0", "1", ..., of shape [tokens, vocabulary] and type F32; row i holds the logits of the token after the
        first i + 1. Nothing is put before the ids. All arithmetic is float32, with quantised weights too.

        Example:
          spar model logits models/nano --tokens TOKENS.json -o logits.safetensors
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> model = ModelCommand.Model();
        Option<string> tokens = Options.RequiredText(
            "--tokens",
            "the file of token ids, such as [[1, 2, 3], [4, 5]]",
            "file"
        );
        Option<string> output = Options.RequiredText("--output", "the safetensors file to write", "file", "-o");
        Option<int> threads = Options.Threads();
        Command command = new("logits", Help) { model, tokens, output, threads };
        command.SetAction(
            (parse, cancellationToken) =>
                Task.Run(
                    () =>
                    {
                        int[][] lists = Read(parse.GetValue(tokens)!);
                        string target = parse.GetValue(output)!;
                        using ProgressLine progress = new(context);
                        progress.Begin("logits", lists.Length);
                        using SequenceLogits logits = new(
                            ModelWeights.Open(ShippedFiles.Resolve(parse.GetValue(model)!)),
                            lists.Max(list => list.Length),
                            parse.GetValue(threads)
                        );
                        List<(string, Tensor)> tensors = [];
                        foreach (int[] list in lists)
                        {
                            cancellationToken.ThrowIfCancellationRequested();
                            tensors.Add((tensors.Count.ToString(CultureInfo.InvariantCulture), logits.Compute(list)));
                            progress.Advance();
                        }

                        Safetensors.Save(target, tensors);
                        progress.End();
                        return ExitCode.Success;
                    },
                    cancellationToken
                )
        );
        return command;
    }

    private static int[][] Read(string file)
    {
        try
        {
            int[][]? lists = JsonSerializer.Deserialize<int[][]>(File.ReadAllBytes(file));
            return lists is { Length: > 0 } && Array.TrueForAll(lists, list => list is { Length: > 0 })
                ? lists
                : throw new EngineException(
                    $"'{file}' must hold at least one list of token ids, each with at least one id."
                );
        }
        catch (JsonException e)
        {
            throw new EngineException(
                $"'{file}' must be a JSON list of lists of token ids, such as [[1, 2, 3], [4, 5]]: "
                    + $"{JsonFaults.Describe(e)}.",
                e
            );
        }
    }
}
