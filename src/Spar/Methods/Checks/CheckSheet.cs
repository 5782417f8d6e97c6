namespace Spar.Methods.Checks;

/// <summary>A response with what its writer says about it.</summary>
/// <param name="Response">The response.</param>
/// <param name="Follows">True when it is meant to follow the instruction.</param>
internal sealed record CheckCase(string Response, bool Follows);

/// <summary>
/// One output of a check writer: lines <c>check: EXPRESSION</c>, <c>case yes: RESPONSE</c> and <c>case no:
/// RESPONSE</c>; other lines are overlooked.
/// </summary>
/// <param name="Checks">The checks that could be read.</param>
/// <param name="Cases">The test cases.</param>
/// <param name="Unparsed">Why checks could not be read, one entry a check.</param>
internal sealed record CheckSheet(
    IReadOnlyList<CheckExpression> Checks, IReadOnlyList<CheckCase> Cases, IReadOnlyList<string> Unparsed)
{
    private const string Check = "check:";
    private const string Yes = "case yes:";
    private const string No = "case no:";

    /// <summary>Reads an output. In a case, \n stands for a line end.</summary>
    public static CheckSheet Parse(string output)
    {
        List<CheckExpression> checks = [];
        List<CheckCase> cases = [];
        List<string> unparsed = [];
        foreach (
            string line in output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Rest(line, Check) is { } source)
            {
                (CheckExpression? check, string? fault) = CheckExpression.Parse(source);
                if (check is not null)
                {
                    checks.Add(check);
                }
                else
                {
                    unparsed.Add(fault!);
                }
            }
            else if ((Rest(line, Yes) ?? Rest(line, No)) is { Length: > 0 } response)
            {
                cases.Add(
                    new CheckCase(
                        response.Replace("\\n", "\n", StringComparison.Ordinal), Rest(line, Yes) is not null));
            }
        }

        return new CheckSheet(checks, cases, unparsed);
    }

    private static string? Rest(string line, string mark) =>
        line.StartsWith(mark, StringComparison.OrdinalIgnoreCase) ? line[mark.Length..].Trim() : null;
}
