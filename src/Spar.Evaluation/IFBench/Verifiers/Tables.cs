using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>Comma-separated values: a fixed heading and seven rows of five fields.</summary>
internal sealed class CityTable : InstructionVerifier
{
    private static readonly string[] s_heading = ["ID", "Country", "City", "Year", "Count"];

    protected override Verdict Check(string response)
    {
        if (CsvTable.Read(response, ',') is not { } rows)
        {
            return TableRules.Unreadable;
        }

        if (rows.Count != 8)
        {
            return CompareExactly(rows.Count, 8, "rows of comma-separated values, the heading included");
        }

        if (!rows[0].SequenceEqual(s_heading))
        {
            string heading = TextParts.Quote(string.Join(',', rows[0]));
            return new Verdict(false, $"has the heading {heading}, to be {string.Join(',', s_heading)}");
        }

        int other = rows.FindIndex(row => row.Count != s_heading.Length);
        return other >= 0
            ? CompareExactly(rows[other].Count, s_heading.Length, $"fields in row {other + 1}")
            : new Verdict(true, "has the heading and 7 rows of 5 comma-separated values");
    }
}

/// <summary>
/// Comma-separated values: a fixed heading, fourteen rows of five fields, and a quoted field with a special character.
/// </summary>
internal sealed class ProductTable : InstructionVerifier
{
    private static readonly string[] s_heading = ["ProductID", "Category", "Brand", "Price", "Stock"];

    protected override Verdict Check(string response)
    {
        if (!TableRules.HasHeading(response, s_heading, ',', " \t"))
        {
            return TableRules.WrongHeading(response, s_heading, "commas");
        }

        if (TableRules.ReadWithQuotes(response, ',') is not { } rows)
        {
            return TableRules.Unreadable;
        }

        if (rows.Count != 15)
        {
            return CompareExactly(rows.Count, 15, "rows of comma-separated values, the heading included");
        }

        // The first field with a special character ends the reference's check, whatever the rows after it look like.
        for (int i = 1; i < rows.Count; i++)
        {
            if (rows[i].Count != s_heading.Length)
            {
                return CompareExactly(rows[i].Count, s_heading.Length, $"fields in row {i + 1}");
            }

            if (rows[i].Find(HasQuotedSpecial) is string field)
            {
                return new Verdict(true, $"has the quoted field {TextParts.Quote(field)} with a special character");
            }
        }

        return new Verdict(false, "has no field in double quotes with a special character in it");
    }

    /// <summary>
    /// Between a quotation mark at the start and another on the same line, a character that is neither word nor white
    /// space.
    /// </summary>
    private static bool HasQuotedSpecial(string field)
    {
        int lineEnd = field.IndexOf('\n', StringComparison.Ordinal);
        string line = lineEnd < 0 ? field : field[..lineEnd];
        int last = line.LastIndexOf('"');
        return last > 1 && line[0] == '"' && Array.Exists(PythonText.CodePoints(line[1..last]), IsSpecial);
    }

    private static bool IsSpecial(int point) => !PythonText.IsWord(point) && !PythonText.IsWhitespace(point);
}

/// <summary>
/// Tab-separated values: a fixed heading and three rows of five fields, every field of all four in double quotes.
/// </summary>
internal sealed class StudentTable : InstructionVerifier
{
    private static readonly string[] s_heading = ["StudentID", "Subject", "Grade", "Semester", "Score"];

    protected override Verdict Check(string response)
    {
        if (!TableRules.HasHeading(response, s_heading, '\t', " "))
        {
            return TableRules.WrongHeading(response, s_heading, "tabs");
        }

        if (TableRules.ReadWithQuotes(response, '\t') is not { } rows)
        {
            return TableRules.Unreadable;
        }

        if (rows.Count != 4)
        {
            return CompareExactly(rows.Count, 4, "rows of tab-separated values, the heading included");
        }

        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].Count != s_heading.Length)
            {
                return CompareExactly(rows[i].Count, s_heading.Length, $"fields in row {i + 1}");
            }

            if (rows[i].Find(field => !IsQuoted(PythonText.Strip(field))) is string other)
            {
                return new Verdict(
                    false, $"has the field {TextParts.Quote(other)} in row {i + 1}, to be in double quotes");
            }
        }

        return new Verdict(true, "has the heading and 3 rows of 5 tab-separated values in double quotes");
    }

    private static bool IsQuoted(string field) => field.StartsWith('"') && field.EndsWith('"');
}

/// <summary>What the checks of tables share.</summary>
internal static class TableRules
{
    public static Verdict Unreadable { get; } = new(
        false,
        "cannot be read as a table: text follows a carriage return in a line, or a field has over 131072 characters");

    /// <summary>The rows with the quotation marks of the text kept as part of the fields.</summary>
    public static List<List<string>>? ReadWithQuotes(string response, char delimiter) =>
        CsvTable.Read(response.Replace("\"", "\"\"\"", StringComparison.Ordinal), delimiter);

    /// <summary>
    /// Whether the first line is the heading: its fields in order, each plain or in double quotes, with the delimiter
    /// and any number of <paramref name="spaces"/> between.
    /// </summary>
    public static bool HasHeading(string response, string[] fields, char delimiter, string spaces)
    {
        string line = FirstLine(response);
        int at = 0;
        for (int i = 0; i < fields.Length; i++)
        {
            if (i > 0)
            {
                if (at == line.Length || line[at] != delimiter)
                {
                    return false;
                }

                at++;
                while (at < line.Length && spaces.Contains(line[at]))
                {
                    at++;
                }
            }

            string field = at < line.Length && line[at] == '"' ? $"\"{fields[i]}\"" : fields[i];
            if (string.CompareOrdinal(line, at, field, 0, field.Length) != 0)
            {
                return false;
            }

            at += field.Length;
        }

        return at == line.Length;
    }

    public static Verdict WrongHeading(string response, string[] fields, string delimiters) => new(
        false,
        $"has the first line {TextParts.Quote(FirstLine(response))}, to be {string.Join(", ", fields)} separated by "
        + delimiters);

    private static string FirstLine(string response)
    {
        int end = response.IndexOf('\n', StringComparison.Ordinal);
        return PythonText.Strip(end < 0 ? response : response[..end]);
    }
}
