using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Engine.Inference;
using Spar.Templates;

namespace Spar.Bench;

/// <summary>
/// Refinements of responses of about 300 tokens with a given model, one at a time, with and without guessing tokens
/// ahead (<see cref="EngineOptions.DraftRows"/>): by turns, and whether the texts are the same.
/// </summary>
internal static class RefineBench
{
    private const int LeastTokens = 270, MostTokens = 330;

    /// <summary>Prints seconds and tokens of both, and their ratio.</summary>
    /// <param name="model">Checkpoint folder or GGUF file.</param>
    /// <param name="responses">Lines of JSON with prompt and response, such as IFEval's.</param>
    /// <param name="count">Refinements.</param>
    /// <param name="temperature">0 is greedy.</param>
    /// <param name="rows">Rows for guesses; 0 takes the engine's own number.</param>
    public static async Task RunAsync(string model, string responses, int count, float temperature, int rows)
    {
        TemplateSet templates = TemplateSet.Load("small");
        using EmbeddedChatClient plain = EmbeddedChatClient.Load(model, new EngineOptions { DraftRows = 0 });
        using EmbeddedChatClient guessing = EmbeddedChatClient.Load(
            model, rows > 0 ? new EngineOptions { DraftRows = rows } : null);
        Spar.Engine.Tokenization.Tokenizer tokenizer = (Spar.Engine.Tokenization.Tokenizer)plain.GetService(
            typeof(Spar.Engine.Tokenization.Tokenizer))!;
        Generator Generator(int which) =>
            (Generator)(which == 0 ? plain : guessing).GetService(typeof(Generator))!;
        (double Seconds, long Tokens)[] totals = new (double, long)[2];
        int same = 0, done = 0;
        foreach (string line in File.ReadLines(responses))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string prompt = row.RootElement.GetProperty("prompt").GetString()!;
            string response = row.RootElement.GetProperty("response").GetString()!;
            int length = tokenizer.Encode(response).Length;
            if (length is < LeastTokens or > MostTokens)
            {
                continue;
            }

            string asked = templates.RefinePrompt(
                prompt, response, "The text does not say where it comes from: put 'By spar' at its end.");
            string[] texts = new string[2];
            for (int turn = 0; turn < 2; turn++)
            {
                // A node's refinements share their prompt: it is read before the clock starts.
                int which = (turn + done) % 2;
                EmbeddedChatClient client = which == 0 ? plain : guessing;
                ChatMessage[] turns = [new ChatMessage(ChatRole.User, asked)];
                await client.GetResponseAsync(turns, new ChatOptions { MaxOutputTokens = 1 });
                Stopwatch watch = Stopwatch.StartNew();
                ChatResponse answer = await client.GetResponseAsync(
                    turns,
                    new ChatOptions { Temperature = temperature, TopP = 0.95f, Seed = done, MaxOutputTokens = 400 });
                totals[which].Seconds += watch.Elapsed.TotalSeconds;
                totals[which].Tokens += answer.Usage!.OutputTokenCount!.Value;
                texts[which] = answer.Text;
            }

            same += texts[0] == texts[1] ? 1 : 0;
            if (++done == count)
            {
                break;
            }
        }

        for (int which = 0; which < 2; which++)
        {
            (double seconds, long tokens) = totals[which];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(which == 0 ? "without" : "with")} guesses: {tokens} tokens in {seconds:0.0} s, {tokens / seconds:0.0} tokens/s, "
                + $"{Generator(which).Passes} passes"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{totals[0].Seconds / totals[1].Seconds:0.00} times as fast (prompt read before), {same} of {done} texts the same"));
    }
}
