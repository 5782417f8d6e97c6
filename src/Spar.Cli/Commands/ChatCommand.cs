using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runtime.Recipes;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar chat</c>: a conversation with a model.</summary>
internal static class ChatCommand
{
    private const string Help = """
        Talks with a model, a line a turn. Lines that begin with / are commands: /help lists them. /quit, the end of input or Ctrl-C ends it.
        When the conversation outgrows the model's context, its oldest turns are left out.

        Examples:
          spar chat
          spar chat --model runs/quickstart/checkpoints/actor-3 --temperature 0.7
          spar chat --model MODEL.gguf --system "Answer in one sentence."
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> model = Shared.Model("the model");
        Option<double> temperature = Options.Temperature(0, "the model");
        Option<double> topP = Options.TopP(1);
        Option<int> maxTokens = Options.MaxTokens(512);
        Option<string?> system = Options.OptionalText(
            "--system",
            "what the model is told before the conversation",
            "text"
        );
        Option<ulong> seed = Options.Seed();
        Option<int> threads = Options.Threads();
        Command command = new("chat", Help) { model, system, temperature, topP, maxTokens, seed, threads };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string name = parse.GetValue(model)!;
                using ProgressLine progress = new(context);
                using IChatClient client = await Shared.OpenAsync(
                    name,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken
                );
                ChatOptions options = new()
                {
                    Temperature = (float)parse.GetValue(temperature),
                    TopP = (float)parse.GetValue(topP),
                    MaxOutputTokens = parse.GetValue(maxTokens),
                    Seed = (long)(parse.GetValue(seed) >> 1),
                };
                context.Say($"This is {name}. Write a line and press Enter; /help lists the commands, /quit ends.");
                await new Conversation(client, options, parse.GetValue(system), context).HoldAsync(cancellationToken);
                return ExitCode.Success;
            }
        );
        return command;
    }

    private sealed class Conversation(IChatClient client, ChatOptions options, string? system, CommandContext context)
    {
        private readonly List<ChatMessage> _turns = [];
        private string? _system = system;
        private long _turn;

        public async Task HoldAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                context.Output.Markup("[blue]> [/]");

                // A read from a terminal cannot be cancelled; waiting for it can.
                string? line = await Task.Run(context.Input.ReadLine, CancellationToken.None)
                    .WaitAsync(cancellationToken);
                if (line is null)
                {
                    context.Output.WriteLine();
                    return;
                }

                if (line.StartsWith('/'))
                {
                    if (!Obey(line))
                    {
                        return;
                    }
                }
                else if (!string.IsNullOrWhiteSpace(line))
                {
                    await AnswerAsync(line, cancellationToken);
                }
            }
        }

        // False when the conversation is to end.
        private bool Obey(string line)
        {
            string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "/quit" or "/exit":
                    return false;
                case "/reset" or "/new":
                    _turns.Clear();
                    Tell("The conversation begins anew.");
                    break;
                case "/system" when words.Length == 2:
                    _turns.Clear();
                    _system = words[1];
                    Tell("The model is told so; the conversation begins anew.");
                    break;
                case "/system":
                    _turns.Clear();
                    _system = null;
                    Tell("The model is told nothing; the conversation begins anew.");
                    break;
                case "/help":
                    Tell(
                        """
                        /help          this list
                        /reset         begin anew
                        /system TEXT   tell the model something before the conversation, and begin anew; without TEXT nothing
                        /quit          end
                        """
                    );
                    break;
                default:
                    string near = NearestName.To(words[0], ["/help", "/reset", "/system", "/quit"]) is string meant
                        ? $" Did you mean {meant}?"
                        : "";
                    Tell($"There is no command {words[0]}; it was not sent.{near} /help lists the commands.");
                    break;
            }

            return true;
        }

        // Answers to what the user does are shown with --quiet, too.
        private void Tell(string text) => context.Messages.WriteLine(text);

        private async Task AnswerAsync(string line, CancellationToken cancellationToken)
        {
            _turns.Add(new ChatMessage(ChatRole.User, line));
            int dropped = 0;
            while (true)
            {
                try
                {
                    await StreamAsync(cancellationToken);
                    break;
                }
                catch (Exception fault) when (Faults.Message(fault) is string message)
                {
                    // What does not fit with its past may fit without; what fails alone fails for another reason.
                    if (_turns.Count >= 3)
                    {
                        _turns.RemoveRange(0, 2);
                        dropped++;
                        continue;
                    }

                    _turns.Clear();
                    context.Messages.MarkupLineInterpolated($"[red]error:[/] {message}");
                    Tell("The line was not answered; the conversation begins anew.");
                    return;
                }
            }

            if (dropped > 0)
            {
                Tell(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The conversation is longer than the model's context: {(dropped == 1 ? "its oldest turn is" : $"its {dropped} oldest turns are")} left out. /reset begins anew."
                    )
                );
            }
        }

        private async Task StreamAsync(CancellationToken cancellationToken)
        {
            ChatOptions asked = options.Clone();
            asked.Seed = options.Seed + _turn;
            List<ChatMessage> messages = _system is null
                ? _turns
                : [new ChatMessage(ChatRole.System, _system), .. _turns];
            string answer = "";
            ChatFinishReason? finish = null;
            await foreach (
                ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, asked, cancellationToken)
            )
            {
                context.Print(HarmlessText.Of(update.Text));
                answer += update.Text;
                finish = update.FinishReason ?? finish;
            }

            context.Output.WriteLine();
            AnswerReading reading = new Answer(answer, Finish: finish?.Value).Read();
            if (reading.Finish == FinishReason.Length)
            {
                Tell($"(cut off: --max-tokens {options.MaxOutputTokens}, or the end of the model's context)");
            }
            else if (reading.Status is AnswerStatus.Empty or AnswerStatus.Refused)
            {
                Tell($"({reading.Incomplete})");
            }

            // What was thought is no part of the conversation.
            _turns.Add(new ChatMessage(ChatRole.Assistant, reading.Text));
            _turn++;
        }
    }
}
