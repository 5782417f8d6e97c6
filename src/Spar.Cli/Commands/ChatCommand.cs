using System.CommandLine;
using Microsoft.Extensions.AI;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar chat</c>: a conversation with a model.</summary>
internal static class ChatCommand
{
    private const string Help = """
        Talks with a model, a line a turn. /new starts over, /exit (or the end of input) leaves; Ctrl-C stops.

        Examples:
          spar chat
          spar chat --model runs/quickstart/checkpoints/actor-3 --temperature 0.7
          spar chat --model SmolLM2-135M-Instruct.Q4_1.gguf
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> model = new("--model", "-m") { Description = "checkpoint folder or GGUF file", DefaultValueFactory = _ => "models/nano" };
        Option<float> temperature = new("--temperature", "-t") { Description = "0 takes the most likely token", DefaultValueFactory = _ => 0f };
        temperature.Validators.Add(result => Shared.Check(result.GetValueOrDefault<float>() >= 0, result, "--temperature must be at least 0"));
        Option<int> maxTokens = new("--max-tokens") { Description = "most tokens of an answer", DefaultValueFactory = _ => 512 };
        maxTokens.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() >= 1, result, "--max-tokens must be at least 1"));
        Option<ulong> seed = Shared.Seed();
        Option<int> threads = Shared.Threads();
        Command command = new("chat", Help) { model, temperature, maxTokens, seed, threads };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using IChatClient client = await Shared.OpenAsync(parse.GetValue(model)!, parse.GetValue(threads), cancellationToken);
            List<ChatMessage> conversation = [];
            long turn = 0;
            while (true)
            {
                context.Output.Markup("[blue]> [/]");
                string? line = await context.Input.ReadLineAsync(cancellationToken);
                if (line is null or "/exit")
                {
                    return CommandLine.Success;
                }

                if (line == "/new")
                {
                    conversation.Clear();
                    continue;
                }

                if (string.IsNullOrWhiteSpace(line))
                {
                    continue;
                }

                conversation.Add(new ChatMessage(ChatRole.User, line));
                ChatOptions options = new()
                {
                    Temperature = parse.GetValue(temperature),
                    MaxOutputTokens = parse.GetValue(maxTokens),
                    Seed = (long)(parse.GetValue(seed) >> 1) + turn++,
                };
                string answer = "";
                await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(conversation, options, cancellationToken))
                {
                    context.Output.Profile.Out.Writer.Write(update.Text);
                    context.Output.Profile.Out.Writer.Flush();
                    answer += update.Text;
                }

                context.Output.WriteLine();
                conversation.Add(new ChatMessage(ChatRole.Assistant, answer));
            }
        });
        return command;
    }
}
