using System.Text;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Inference;

/// <summary>
/// The text of a growing generation, and the search for stop strings in it. Text that might be the beginning of a stop
/// string is held back until it is certain. Not thread-safe.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="stops">
/// Strings that end the text; none of them empty. The text ends before the first that occurs.
/// </param>
internal sealed class GeneratedText(Tokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly StreamingDecoder _decoder = new(tokenizer);
    private readonly StringBuilder _text = new();
    private readonly int _longestStop = stops.Select(s => s.Length).DefaultIfEmpty(0).Max();
    private int _released;

    /// <summary>A stop string has occurred; what comes after it is ignored.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Adds a token.</summary>
    /// <returns><see cref="IsStopped"/>.</returns>
    public bool Append(int id)
    {
        Append(_decoder.Append(id));
        return IsStopped;
    }

    /// <summary>The text that has become certain since the last call.</summary>
    public string Release() => Release(_text.Length - HeldBack());

    /// <summary>Ends the text.</summary>
    /// <returns>The rest.</returns>
    public string Finish()
    {
        Append(_decoder.Flush());
        return Release(_text.Length);
    }

    private string Release(int end)
    {
        string text = _text.ToString(_released, end - _released);
        _released = end;
        return text;
    }

    private void Append(string piece)
    {
        if (IsStopped || piece.Length == 0)
        {
            return;
        }

        int from = Math.Max(0, _text.Length - _longestStop + 1);
        _text.Append(piece);
        if (_longestStop == 0)
        {
            return;
        }

        string recent = _text.ToString(from, _text.Length - from);
        int first = -1;
        foreach (string stop in stops)
        {
            int at = recent.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        if (first >= 0)
        {
            _text.Length = from + first;
            IsStopped = true;
        }
    }

    /// <summary>Length of the longest end of the text with which a stop string begins.</summary>
    private int HeldBack()
    {
        if (IsStopped || _longestStop == 0)
        {
            return 0;
        }

        int from = Math.Max(_released, _text.Length - _longestStop + 1);
        string end = _text.ToString(from, _text.Length - from);
        for (int i = 0; i < end.Length; i++)
        {
            foreach (string stop in stops)
            {
                if (stop.AsSpan().StartsWith(end.AsSpan(i), StringComparison.Ordinal))
                {
                    return end.Length - i;
                }
            }
        }

        return 0;
    }
}
