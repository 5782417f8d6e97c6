using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Python's <c>str</c> and <c>repr</c>.</summary>
internal static class PyRepr
{
    /// <summary>What a template prints for a value.</summary>
    /// <exception cref="JinjaFault">
    /// The text would show where an object lies in memory, so that no two renderings agree.
    /// </exception>
    public static string Str(Run run, object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined => "",
        long or null or bool or double => Repr(run, value),
        _ => Repr(run, value),
    };

    public static string Repr(Run run, object? value)
    {
        StringBuilder output = new();
        Append(run, output, value);
        return output.ToString();
    }

    /// <summary>Python's <c>repr</c> of a text: in quotes, with escapes.</summary>
    public static string Quote(string text, bool ascii = false)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        StringBuilder output = new();
        output.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            Rune rune = char.IsSurrogate(c)
                ? i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]) ? new Rune(c, text[i + 1]) : default
                : new Rune(c);
            i += rune.Value > 0xFFFF ? 1 : 0;
            string? escaped = c switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when c == quote => "\\" + c,
                _ when char.IsSurrogate(c) && rune.Value == 0 => $"\\u{(int)c:x4}",
                _ when PyCharacter.IsPrintable(rune) && !(ascii && rune.Value > 126) => null,
                _ when rune.Value <= 0xFF => $"\\x{rune.Value:x2}",
                _ when rune.Value <= 0xFFFF => $"\\u{rune.Value:x4}",
                _ => $"\\U{rune.Value:x8}",
            };
            output.Append(escaped ?? rune.ToString());
        }

        return output.Append(quote).ToString();
    }

    private static void Append(Run run, StringBuilder output, object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        run.Spend(1);
        switch (value)
        {
            case string text:
                Add(Quote(text));
                break;
            case Markup markup:
                Add($"Markup({Quote(markup.Text)})");
                break;
            case null:
                output.Append("None");
                break;
            case bool b:
                output.Append(b ? "True" : "False");
                break;
            case long number:
                output.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                output.Append(PyNumber.Repr(number));
                break;
            case Undefined:
                output.Append("Undefined");
                break;
            case List<object?> list:
                Sequence('[', list, ']');
                break;
            case PyTuple tuple:
                Sequence('(', tuple.Items, tuple.Items.Count == 1 ? ",)" : ")");
                break;
            case PyDict dict:
                Dict(dict);
                break;
            case PyView view:
                output.Append("dict_").Append(view.Kind).Append('(');
                Sequence('[', [.. view.Items], "])");
                break;
            case PyRange range:
                output.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}");
                output.Append(range.Step == 1 ? ")" : string.Create(CultureInfo.InvariantCulture, $", {range.Step})"));
                break;
            case Namespace space:
                output.Append("<Namespace ");
                Dict(space.Attributes);
                output.Append('>');
                break;
            case LoopContext loop:
                output.Append(CultureInfo.InvariantCulture, $"<LoopContext {loop.Index}/{loop.Length}>");
                break;
            case Macro macro:
                output.Append(macro.Name is null ? "<Macro anonymous>" : $"<Macro {Quote(macro.Name)}>");
                break;
            default:
                throw new JinjaFault($"{PyValue.Name(value)} is printed, which shows where it lies in memory");
        }

        void Add(string text)
        {
            run.Spend(text.Length);
            Run.CheckLength((double)output.Length + text.Length);
            output.Append(text);
        }

        void Sequence(char open, IReadOnlyList<object?> items, object close)
        {
            output.Append(open);
            for (int i = 0; i < items.Count; i++)
            {
                output.Append(i > 0 ? ", " : "");
                Append(run, output, items[i]);
            }

            output.Append(close);
        }

        void Dict(PyDict dict)
        {
            output.Append('{');
            string between = "";
            foreach ((object? key, object? item) in dict)
            {
                output.Append(between);
                Append(run, output, key);
                output.Append(": ");
                Append(run, output, item);
                between = ", ";
            }

            output.Append('}');
        }
    }
}
