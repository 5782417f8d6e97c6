using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Python's <c>json.dumps</c>, as Transformers' filter <c>tojson</c> calls it.</summary>
/// <param name="run">The rendering.</param>
/// <param name="asciiOnly">True to escape every character beyond ASCII.</param>
/// <param name="indent">What each level is indented by; null writes one line.</param>
/// <param name="between">What stands between two items; null takes Python's default.</param>
/// <param name="colon">What stands between key and value.</param>
/// <param name="sortKeys">True to write the keys of a mapping in their order.</param>
internal sealed class JsonText(Run run, bool asciiOnly, string? indent, string? between, string colon, bool sortKeys)
{
    private readonly StringBuilder _output = new();
    private readonly string _between = between ?? (indent is null ? ", " : ",");

    /// <exception cref="JinjaFault">The value has a part that JSON cannot hold.</exception>
    public string Write(object? value)
    {
        Append(value, 0);
        return _output.ToString();
    }

    private void Append(object? value, int level)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        int before = _output.Length;
        switch (value)
        {
            case null or bool or long or double:
                _output.Append(Scalar(value));
                break;
            case string or Markup:
                Quote(PyText.Of(value));
                break;
            case List<object?> list:
                Items('[', list, item => Append(item, level + 1), ']', level);
                break;
            case PyTuple tuple:
                Items('[', tuple.Items, item => Append(item, level + 1), ']', level);
                break;
            case PyDict dict:
                IEnumerable<object?> keys = dict.Select(entry => entry.Key);
                Items('{', sortKeys ? PyValue.Sort(run, keys, key => key, false) : [.. keys], key =>
                {
                    Quote(key is string or Markup ? PyText.Of(key) : key is null or bool or long or double ? Scalar(key)
                        : throw new JinjaFault($"{PyValue.Name(key)} is written as a key of JSON"));
                    _output.Append(colon);
                    dict.TryGet(key, out object? item);
                    Append(item, level + 1);
                }, '}', level);
                break;
            default:
                throw new JinjaFault($"{PyValue.Name(value)} is written as JSON");
        }

        run.Spend(1 + _output.Length - before);
        Run.CheckLength(_output.Length);
    }

    private void Items(char open, IReadOnlyList<object?> items, Action<object?> append, char close, int level)
    {
        _output.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            _output.Append(i > 0 ? _between : "");
            NewLine(level + 1);
            append(items[i]);
        }

        if (items.Count > 0)
        {
            NewLine(level);
        }

        _output.Append(close);
    }

    private void NewLine(int level)
    {
        if (indent is not null)
        {
            _output.Append('\n').Insert(_output.Length, indent, level);
        }
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        double number when double.IsNaN(number) => "NaN",
        double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
        double number => PyNumber.Repr(number),
        _ => ((long)value).ToString(CultureInfo.InvariantCulture),
    };

    private void Quote(string text)
    {
        _output.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => _output.Append('\\').Append(c),
                '\n' => _output.Append("\\n"),
                '\r' => _output.Append("\\r"),
                '\t' => _output.Append("\\t"),
                '\b' => _output.Append("\\b"),
                '\f' => _output.Append("\\f"),
                _ when c < ' ' || (asciiOnly && c > '~') =>
                    _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _output.Append(c),
            };
        }

        _output.Append('"');
    }
}
