using System.CommandLine;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tokenization;
using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Cli.Commands;

/// <summary><c>spar model tokenize</c>: texts to token ids.</summary>
internal static class ModelTokenizeCommand
{
    private const string Help = """
        Turns texts into token ids. Input: a file of one JSON value a line, either a text ("Hello") or an object with one ({"text": "Hello"}).
        Output: for each line of input that is not blank one line {"ids":[...]}. Special tokens written in a text are recognised.

        Examples:
          spar model tokenize models/nano --input TEXTS.jsonl
          spar model tokenize MODEL.gguf --input TEXTS.jsonl --add-special-tokens
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> model = ModelCommand.Model();
        Option<string> input = Options.RequiredText(
            "--input",
            "the file of texts; - reads standard input",
            "file",
            "-i"
        );
        Option<bool> special = Options.Flag(
            "--add-special-tokens",
            "put the begin and end tokens around each text that the tokenizer asks for"
        );
        Command command = new("tokenize", Help) { model, input, special };
        command.SetAction(parse =>
        {
            Tokenizer tokenizer = Checkpoint.LoadTokenizer(ShippedFiles.Resolve(parse.GetValue(model)!));
            TextWriter output = context.Output.Profile.Out.Writer;
            string file = parse.GetValue(input)!;
            foreach (JsonLine line in JsonLine.Read(InputLines.Name(file), InputLines.Reader(file, context)))
            {
                int[] ids = tokenizer.Encode(Text(line), parse.GetValue(special));
                output.Write($"{{\"ids\":[{string.Join(',', ids)}]}}\n");
            }

            output.Flush();
            return ExitCode.Success;
        });
        return command;
    }

    private static string Text(JsonLine line)
    {
        JsonElement value = line.Parse();
        try
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("text", out JsonElement text))
            {
                value = text;
            }

            return value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new UserFaultException(
                    $"{line.Place}: there must be a text, or an object with a 'text' that is one."
                );
        }
        catch (InvalidOperationException)
        {
            throw new UserFaultException($"{line.Place}: a text holds half of a surrogate pair, which is no text.");
        }
    }
}
