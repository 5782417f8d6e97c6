namespace Spar.Evaluation.FollowBench;

/// <summary>Type example: does a response keep the answer format of the worked examples in its prompt?</summary>
internal static class ExampleTemplate
{
    /// <summary>
    /// Whether the whole response is the template with any text on one line in place of <c>{answer}</c>.
    /// </summary>
    /// <param name="template">
    /// The target: its "{instruction}" line is left out, doubled braces stand for single ones.
    /// </param>
    /// <param name="response">The raw response.</param>
    public static bool Matches(string template, string response)
    {
        string format = template.Replace("{instruction}\n", "", StringComparison.Ordinal)
            .Replace("{{", "{", StringComparison.Ordinal)
            .Replace("}}", "}", StringComparison.Ordinal);
        string[] parts = format.Split("{answer}");
        if (parts.Length == 1)
        {
            return response == format;
        }

        return parts.Length == 2
            ? response.Length >= parts[0].Length + parts[1].Length
                && response.StartsWith(parts[0], StringComparison.Ordinal)
                && response.EndsWith(parts[1], StringComparison.Ordinal)
                && !response.AsSpan(parts[0].Length, response.Length - parts[0].Length - parts[1].Length).Contains('\n')
            : throw new EvaluationException($"FollowBench: the template {template} has {{answer}} more than once");
    }
}
