using System.Globalization;
using Spar.Ground;

namespace Spar.Runtime.Prompts;

/// <summary>The prompts of lessons, which a run neither plays nor measures itself on.</summary>
public sealed class TaughtPrompts
{
    private readonly HashSet<ulong> _texts;

    /// <summary>Takes prompts in.</summary>
    /// <param name="rows">Prompts as rows.</param>
    /// <param name="ids">
    /// Prompts that are known by their ids alone (<see cref="PromptPool.IdOf"/>); ids of another kind are overlooked.
    /// </param>
    public TaughtPrompts(IReadOnlyList<PromptRow> rows, IEnumerable<string> ids)
    {
        Rows = rows;
        _texts = [.. rows.Select(row => StableHash.Of(PlainWords.Joined(row.Conversation)))];
        foreach (string id in ids)
        {
            if (id.Length == 16
                && ulong.TryParse(id, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong hash))
            {
                _texts.Add(hash);
            }
        }
    }

    /// <summary>The prompts that are known word by word.</summary>
    public IReadOnlyList<PromptRow> Rows { get; }

    /// <summary>Whether a conversation is one of them.</summary>
    /// <param name="conversation">Its text, or the words of it.</param>
    public bool Holds(string conversation) => _texts.Contains(StableHash.Of(PlainWords.Joined(conversation)));
}
