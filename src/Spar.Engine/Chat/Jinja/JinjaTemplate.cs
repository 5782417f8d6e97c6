using System.Text.Json;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// A template in Jinja as jinja2 3.1 renders it in Transformers' environment: an immutable sandbox with
/// <c>trim_blocks</c>, <c>lstrip_blocks</c>, loop controls and the block <c>generation</c>, and without escaping. What
/// it does not support is a fault, never another text. Thread-safe.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly Body _body;
    private readonly IReadOnlyList<string> _unset;

    /// <exception cref="EngineException">
    /// The template is broken, or uses what is not supported; names the line.
    /// </exception>
    public JinjaTemplate(string template)
    {
        try
        {
            _body = TemplateParser.Parse(template, out _unset);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new EngineException("The chat template is nested too deeply.");
        }
    }

    /// <summary>Renders the template.</summary>
    /// <param name="variables">What it can read, by name; values as in <see cref="Values(JsonElement)"/>.</param>
    /// <param name="date">What <c>strftime_now</c> formats.</param>
    /// <exception cref="EngineException">
    /// The template refuses what it is given, or does what is not supported; names the line.
    /// </exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, DateTime date)
    {
        Run run = new(date);
        Scope globals = new(run);
        foreach ((string name, Builtin function) in Globals.All)
        {
            globals[name] = function;
        }

        foreach ((string name, object? value) in variables)
        {
            globals[name] = value;
        }

        try
        {
            Output output = new();
            _body.Run(new Scope(globals, _unset), output);
            return output.ToString();
        }
        catch (JinjaFault fault)
        {
            throw JinjaFault.At(run.Line, fault.Text);
        }
        catch (InsufficientExecutionStackException)
        {
            throw JinjaFault.At(run.Line, "a macro or loop calls itself without end, or a value is nested too deeply");
        }
    }

    /// <summary>A JSON value as a template sees it.</summary>
    /// <exception cref="JinjaFault">A number has more than 64 bits.</exception>
    public static object? Values(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                PyDict dict = new();
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    dict[property.Name] = Values(property.Value);
                }

                return dict;
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(Values).ToList();
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return json.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? (object)json.GetDouble()
                    : json.TryGetInt64(out long whole) ? whole
                    : throw JinjaFault.Unsupported("a whole number of more than 64 bits");
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            default:
                return null;
        }
    }
}
