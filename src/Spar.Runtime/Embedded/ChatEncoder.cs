using System.Text;
using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Turns a conversation and its last assistant turn into tokens. The template writes both as one, finished, which is
/// tokenised as a whole, so that what is learnt is exactly what the template yields.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="template">The model's chat template.</param>
public sealed class ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    /// <summary>Encodes one example of a single user turn; see the other overload.</summary>
    /// <param name="prompt">The user turn.</param>
    /// <param name="response">The assistant turn.</param>
    /// <param name="cutoff">Longest sequence in tokens; what is longer loses its end.</param>
    /// <param name="truncated">True when the sequence was cut.</param>
    /// <exception cref="EngineException">
    /// The template refuses the turns, or the assistant's turn cannot be told apart.
    /// </exception>
    public TrainingSequence Encode(string prompt, string response, int cutoff, out bool truncated) =>
        Encode([new Message("user", prompt)], response, cutoff, out truncated);

    /// <summary>
    /// Encodes one example. The targets are what follows the generation prompt, up to and including the token that ends
    /// the turn; where the generation prompt opens something that a finished turn lacks (a thought, say), what follows
    /// their common beginning.
    /// </summary>
    /// <param name="turns">The conversation, the user's turn last.</param>
    /// <param name="response">The assistant turn that answers it.</param>
    /// <param name="cutoff">Longest sequence in tokens; what is longer loses its end.</param>
    /// <param name="truncated">True when the sequence was cut.</param>
    /// <param name="ended">False for a response that was cut off: the token that ends the turn is left out.</param>
    /// <returns>
    /// The sequence; when its prompt alone reaches <paramref name="cutoff"/>,
    /// <see cref="TrainingSequence.TargetCount"/> is 0 and it must not be trained on.
    /// </returns>
    /// <exception cref="EngineException">
    /// The template refuses the turns, or the assistant's turn cannot be told apart.
    /// </exception>
    public TrainingSequence Encode(
        IReadOnlyList<Message> turns, string response, int cutoff, out bool truncated, bool ended = true)
    {
        string head = template.Render(turns, addGenerationPrompt: true);
        string whole = template.Render([.. turns, new Message("assistant", response)], addGenerationPrompt: false);
        int[] ids = tokenizer.Encode(whole);
        int first = whole.StartsWith(head, StringComparison.Ordinal)
            ? TokensBefore(ids, whole, head.Length)
            : TokensBefore(turns, head, whole);
        ids = WithoutRest(ids, first);
        if (!ended && ids.Length > first && tokenizer.Decode([ids[^1]], skipSpecialTokens: true).Length == 0)
        {
            ids = ids[..^1];
        }

        truncated = ids.Length > cutoff;
        return new TrainingSequence(truncated ? ids[..cutoff] : ids, first);
    }

    /// <summary>Finds out, before anything is computed, whether a model can be trained with this template.</summary>
    /// <exception cref="EngineException">It cannot; says why.</exception>
    public void Check() => Encode("Say hello.", "Hello.", int.MaxValue, out _);

    // A token that holds the end of the prompt and the beginning of the answer is a target.
    private int TokensBefore(int[] ids, string whole, int length)
    {
        int[] before = tokenizer.Encode(whole[..length]);
        return ids.AsSpan().StartsWith(before)
            ? before.Length
            : FirstBeyond(tokenizer.EncodeWithOffsets(whole), Characters(whole, length));
    }

    // The answered conversation does not begin with the generation prompt. They must at least agree on how the
    // assistant's turn begins.
    private int TokensBefore(IReadOnlyList<Message> asked, string head, string whole)
    {
        string turns = template.Render(asked, addGenerationPrompt: false);
        string opening = template.Render([.. asked, new Message("assistant", "a")], addGenerationPrompt: false);
        string other = template.Render([.. asked, new Message("assistant", "b")], addGenerationPrompt: false);
        opening = opening[..CommonLength(opening, other)];
        int start = Math.Min(CommonLength(head, whole), CommonLength(head, opening));
        IReadOnlyList<(int Id, int Start, int End)> tokens = tokenizer.EncodeWithOffsets(whole);
        int first = FirstBeyond(tokens, Characters(whole, start));
        return start > turns.Length && first > 0 && tokens[first - 1].Start >= Characters(whole, turns.Length)
            ? first
            : throw new EngineException(
                "The model's chat template begins the assistant's turn differently in an answered conversation than in "
                + "its generation prompt, so the turn cannot be told apart for training. Choose another template.");
    }

    // What a template writes after the token that ends the turn (a line break, mostly) is never generated.
    private int[] WithoutRest(int[] ids, int first)
    {
        int end = ids.Length;
        while (end > first && string.IsNullOrWhiteSpace(Text(skipSpecialTokens: false)))
        {
            end--;
        }

        return end > first && end < ids.Length && Text(skipSpecialTokens: true).Length == 0 ? ids[..end] : ids;

        string Text(bool skipSpecialTokens) => tokenizer.Decode([ids[end - 1]], skipSpecialTokens);
    }

    private static int FirstBeyond(IReadOnlyList<(int Id, int Start, int End)> tokens, int start)
    {
        int first = 0;
        while (first < tokens.Count && tokens[first].End <= start)
        {
            first++;
        }

        return first;
    }

    // Offsets of tokens count code points.
    private static int Characters(string text, int length)
    {
        int count = 0;
        foreach (Rune _ in text.AsSpan(0, length).EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    private static int CommonLength(string a, string b) => a.AsSpan().CommonPrefixLength(b);
}
