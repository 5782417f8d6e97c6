namespace Spar.Evaluation.HumanEval;

/// <summary>Takes the code out of what a model wrote.</summary>
public static class CompletionTrimming
{
    private const string Fence = "```";

    /// <summary>Where a completion leaves the function that it was to complete.</summary>
    public static readonly IReadOnlyList<string> Stops = ["\nclass", "\ndef", "\n#", "\nif", "\nprint"];

    /// <summary>For models that continue text: cuts at each stop in turn, in what is left.</summary>
    /// <param name="completion">The raw completion.</param>
    /// <param name="stops">The stops, usually <see cref="Stops"/>.</param>
    public static string AtStops(string completion, IReadOnlyList<string> stops)
    {
        foreach (string stop in stops)
        {
            int at = completion.IndexOf(stop, StringComparison.Ordinal);
            completion = at < 0 ? completion : completion[..at];
        }

        return completion;
    }

    /// <summary>
    /// For chat models: the first fenced code block; an unclosed one to the end; all before a fence that only closes
    /// one; or all of it where there is no fence.
    /// </summary>
    /// <param name="answer">The raw answer.</param>
    public static string CodeBlock(string answer)
    {
        int open = answer.IndexOf(Fence, StringComparison.Ordinal);
        if (open < 0)
        {
            return answer;
        }

        int lineEnd = answer.IndexOf('\n', open);
        int close = lineEnd < 0 ? -1 : answer.IndexOf(Fence, lineEnd, StringComparison.Ordinal);
        string label = answer[(open + Fence.Length)..(lineEnd < 0 ? answer.Length : lineEnd)].Trim();
        bool onlyCloses = close < 0 && label.Length == 0 && !string.IsNullOrWhiteSpace(answer[..open]);
        return onlyCloses ? answer[..open]
            : lineEnd < 0 ? ""
            : answer[(lineEnd + 1)..(close < 0 ? answer.Length : close)];
    }
}
