using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>The model's own answer.</summary>
/// <param name="client">The model.</param>
internal sealed class PlainResponder(IChatClient client) : IResponder
{
    /// <inheritdoc/>
    public async Task AnswerAsync(
        GenerationSettings settings, int choice, Action<Piece> write, CancellationToken cancellationToken)
    {
        ChatOptions options = settings.Options.Clone();
        options.Seed = SeedOf(settings.Options.Seed ?? 0, choice);
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

        // The choices share their prompt: it is counted once.
        write(new Piece.Ended(
            choice, Piece.Reason(finish), choice == 0 ? input : 0, output, logProbabilities));
    }

    /// <summary>The seed of a choice: the request's own for the first.</summary>
    /// <param name="seed">The request's seed.</param>
    /// <param name="choice">From 0.</param>
    internal static long SeedOf(long seed, int choice) =>
        choice == 0 ? seed : (long)(StableHash.Seed(unchecked((ulong)seed), $"choice {choice}") >> 1);
}
