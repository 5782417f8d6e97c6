using System.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Reads comma-separated values as Python 3.11's <c>csv.reader</c> does with its usual settings: lines end at a line
/// feed, a quotation mark quotes only as the first character of a field, and whatever follows a closing one belongs to
/// the field.
/// </summary>
internal static class CsvTable
{
    private const int LongestField = 131072;

    private enum State
    {
        RecordStart,
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
        LineEnd,
    }

    /// <summary>The rows of a text; an empty line is a row without fields.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="delimiter">What separates fields.</param>
    /// <returns>
    /// The rows; null where the reader gives up: text follows a carriage return, or a field is too long.
    /// </returns>
    public static List<List<string>>? Read(string text, char delimiter)
    {
        List<List<string>> rows = [];
        List<string> row = [];
        StringBuilder field = new();
        State state = State.RecordStart;
        int length = 0;

        void Add(char c)
        {
            // A field's length is in code points.
            length += char.IsLowSurrogate(c) && field.Length > 0 && char.IsHighSurrogate(field[^1]) ? 0 : 1;
            field.Append(c);
        }

        void EndField()
        {
            row.Add(field.ToString());
            field.Clear();
            length = 0;
        }

        void EndRow()
        {
            rows.Add(row);
            row = [];
        }

        foreach (char c in text)
        {
            switch (state)
            {
                case State.LineEnd when c is not ('\r' or '\n'):
                    return null;
                case State.LineEnd:
                    break;
                case State.Quoted when c == '"':
                    state = State.QuoteInQuoted;
                    break;
                case State.Quoted:
                    Add(c);
                    break;
                case State.QuoteInQuoted when c == '"':
                    Add(c);
                    state = State.Quoted;
                    break;
                case State.RecordStart when c is '\r' or '\n':
                    state = State.LineEnd;
                    break;
                case State.RecordStart or State.FieldStart when c == '"':
                    state = State.Quoted;
                    break;
                default:
                    if (c == delimiter || c is '\r' or '\n')
                    {
                        EndField();
                        state = c == delimiter ? State.FieldStart : State.LineEnd;
                    }
                    else
                    {
                        Add(c);
                        state = State.Plain;
                    }

                    break;
            }

            if (c == '\n' && state == State.LineEnd)
            {
                EndRow();
                state = State.RecordStart;
            }

            if (length > LongestField)
            {
                return null;
            }
        }

        if (state is not (State.RecordStart or State.LineEnd))
        {
            EndField();
        }

        if (state != State.RecordStart)
        {
            EndRow();
        }

        return rows;
    }
}
