namespace Spar.Templates;

/// <summary>One sampled refinement, as far as it could be read.</summary>
/// <param name="Output">The whole output, reflection included, trimmed.</param>
/// <param name="Response">The refined response, trimmed; null when the output could not be read.</param>
/// <param name="Unparsed">Why it could not be read; null when it could.</param>
public sealed record Refinement(string Output, string? Response, string? Unparsed);

/// <summary>Takes the refined response from between its marks: the last complete one counts. Case of the marks is overlooked.</summary>
/// <param name="format">Gives the marks.</param>
public sealed class RefinementParser(OutputFormat format)
{
    /// <summary>Reason: the start mark does not occur.</summary>
    public const string NoStart = "no start mark";

    /// <summary>Reason: no end mark follows a start mark.</summary>
    public const string NoEnd = "no end mark";

    /// <summary>Reason: there is nothing between the marks.</summary>
    public const string EmptyResponse = "empty response";

    /// <summary>Reason: the output ended at the token limit, and its format has no end mark to show that the response is whole.</summary>
    public const string CutOff = "cut off at the token limit";

    /// <summary>Reads one output.</summary>
    /// <param name="output">What the refiner wrote.</param>
    /// <param name="cutOff">True when the output ended because the token limit was reached.</param>
    public Refinement Parse(string output, bool cutOff = false)
    {
        string text = output.Trim();
        int end = text.Length;
        if (format.ResponseEnd is { } endMark)
        {
            end = text.LastIndexOf(endMark, StringComparison.OrdinalIgnoreCase);
        }
        else if (cutOff)
        {
            return new Refinement(text, null, CutOff);
        }

        int start = text[..Math.Max(end, 0)].LastIndexOf(format.ResponseStart, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            bool started = text.Contains(format.ResponseStart, StringComparison.OrdinalIgnoreCase);
            return new Refinement(text, null, started ? NoEnd : NoStart);
        }

        start += format.ResponseStart.Length;
        end = format.ResponseEnd is null ? end : text.IndexOf(format.ResponseEnd, start, StringComparison.OrdinalIgnoreCase);
        string response = text[start..end].Trim();
        return response.Length == 0 ? new Refinement(text, null, EmptyResponse) : new Refinement(text, response, null);
    }
}
