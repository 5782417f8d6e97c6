using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;

namespace Spar.Runtime.Embedded;

/// <summary>Turns a user turn and an assistant turn into tokens, as the model's chat template writes them.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="template">The model's chat template.</param>
public sealed class ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    /// <summary>Encodes one example; the assistant turn and what closes it are the targets.</summary>
    /// <param name="prompt">The user turn.</param>
    /// <param name="response">The assistant turn.</param>
    /// <param name="cutoff">Longest sequence in tokens; what is longer loses its end.</param>
    /// <param name="truncated">True when the sequence was cut.</param>
    /// <exception cref="EngineException">The template writes a conversation in a way that does not begin with the prompt it writes for generation.</exception>
    public TrainingSequence Encode(string prompt, string response, int cutoff, out bool truncated)
    {
        Message user = new("user", prompt);
        string head = template.Render([user], addGenerationPrompt: true);
        string whole = template.Render([user, new Message("assistant", response)], addGenerationPrompt: false);
        if (!whole.StartsWith(head, StringComparison.Ordinal))
        {
            throw new EngineException("The model's chat template writes an answered conversation differently from its generation prompt, so the assistant's turn cannot be told apart for training. Choose another template.");
        }

        int[] promptIds = tokenizer.Encode(head);
        int[] ids = [.. promptIds, .. tokenizer.Encode(whole[head.Length..])];
        truncated = ids.Length > cutoff;
        return new TrainingSequence(truncated ? ids[..cutoff] : ids, Math.Min(promptIds.Length, Math.Max(1, cutoff - 1)));
    }
}
