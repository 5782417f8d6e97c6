using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>Turns what a client streams into pieces of the interface's answers.</summary>
/// <param name="client">A model, or a search before one.</param>
internal sealed class Responder(IChatClient client)
{
    /// <summary>Writes one answer, its end last.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="choice">Which of the answers it is, from 0; each has a seed of its own.</param>
    /// <param name="write">Takes the pieces; never waits.</param>
    /// <param name="cancellationToken">The asker has left.</param>
    /// <exception cref="UserFaultException">The model cannot answer.</exception>
    public async Task AnswerAsync(
        GenerationSettings settings, int choice, Action<Piece> write, CancellationToken cancellationToken)
    {
        ChatOptions options = settings.Options.Clone();
        options.Seed = choice < settings.Seeds.Count
            ? settings.Seeds[choice] : SeedOf(settings.Options.Seed ?? 0, choice);
        ChatFinishReason? finish = null;
        (long input, long output) = (0, 0);
        IReadOnlyList<TokenLogProbability>? logProbabilities = null;
        await foreach (ChatResponseUpdate update in client
            .GetStreamingResponseAsync(settings.Messages, options, cancellationToken).ConfigureAwait(false))
        {
            foreach (AIContent content in update.Contents)
            {
                switch (content)
                {
                    case TextReasoningContent { Text.Length: > 0 } thought:
                        write(new Piece.Thought(choice, thought.Text));
                        break;
                    case TextContent { Text.Length: > 0 } text:
                        write(new Piece.Said(choice, text.Text));
                        break;
                    case UsageContent usage:
                        input += usage.Details.InputTokenCount ?? 0;
                        output += usage.Details.OutputTokenCount ?? 0;
                        break;
                }
            }

            finish = update.FinishReason ?? finish;
            logProbabilities = TokenLogProbabilities.Of(update.AdditionalProperties) ?? logProbabilities;
        }

        // A model's choices share their prompt, which is counted once; a search's prompts are its own.
        write(new Piece.Ended(
            choice, Piece.Reason(finish), choice == 0 || client is DecodingChatClient ? input : 0, output,
            logProbabilities));
    }

    // The request's own for the first.
    private static long SeedOf(long seed, int choice) =>
        choice == 0 ? seed : (long)(StableHash.Seed(unchecked((ulong)seed), $"choice {choice}") >> 1);
}
