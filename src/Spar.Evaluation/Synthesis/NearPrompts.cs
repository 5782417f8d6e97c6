using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Prompts that others must not be near to, such as those of a benchmark. Two prompts are near when they are the same
/// text, or share a run of <see cref="RunLength"/> words; both after lower-casing and with everything but letters and
/// digits taken as space.
/// </summary>
public sealed class NearPrompts
{
    /// <summary>The number of words in a row that two prompts must not share.</summary>
    public const int RunLength = 8;

    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _runs = new(StringComparer.Ordinal);

    /// <summary>The number of different prompts.</summary>
    public int Count => _texts.Count;

    /// <summary>Adds the prompts of a file.</summary>
    /// <param name="file">JSON lines with <c>prompt</c>, plain or packed (<c>.gz</c>).</param>
    /// <exception cref="EvaluationException">The file cannot be read, or a line has no prompt; the message names file
    /// and line.</exception>
    public void AddFile(string file)
    {
        foreach (string prompt in JsonLines.Read(file, false, line => JsonLines.TextField(line, "prompt")).Items)
        {
            Add(prompt);
        }
    }

    /// <summary>Adds one prompt.</summary>
    /// <param name="prompt">Its text.</param>
    public void Add(string prompt)
    {
        string[] words = Words(prompt);
        _texts.Add(string.Join(' ', words));
        _runs.UnionWith(Runs(words));
    }

    /// <summary>Whether a prompt is near one of those added.</summary>
    /// <param name="prompt">Its text.</param>
    public bool HasNear(string prompt)
    {
        string[] words = Words(prompt);
        return _texts.Contains(string.Join(' ', words)) || Runs(words).Any(_runs.Contains);
    }

    /// <summary>Whether a prompt, normalised, is one of those added.</summary>
    internal bool HasSame(string prompt) => _texts.Contains(string.Join(' ', Words(prompt)));

    private static IEnumerable<string> Runs(string[] words) =>
        Enumerable.Range(0, Math.Max(0, words.Length - RunLength + 1))
            .Select(i => string.Join(' ', words.AsSpan(i, RunLength)));

    private static string[] Words(string prompt) => [.. PlainWords.Of(prompt)];
}
