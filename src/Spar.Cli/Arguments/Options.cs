using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spar.Runtime.Recipes;

namespace Spar.Cli.Arguments;

/// <summary>
/// The kinds of options and arguments that commands have. Each reads and checks its value in one step, so that nobody
/// reads a value which could not be parsed, and a fault names the option, what it takes and what was given.
/// </summary>
internal static partial class Options
{
    /// <summary>A switch: given or not.</summary>
    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> Count(
        string name,
        string description,
        int preset,
        int least = 1,
        int most = int.MaxValue,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = "n",
            DefaultValueFactory = _ => preset,
            CustomParser = result =>
                Read(result, name, Whole(least, most), text => ParseWhole(text, least, most)).GetValueOrDefault(),
        };

    /// <summary>As <see cref="Count"/>, or null when not given.</summary>
    public static Option<int?> OptionalCount(
        string name,
        string description,
        int least = 1,
        int most = int.MaxValue,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = "n",
            CustomParser = result => Read(result, name, Whole(least, most), text => ParseWhole(text, least, most)),
        };

    /// <summary>
    /// A finite number from <paramref name="least"/> to <paramref name="most"/>; above <paramref name="least"/> where
    /// that is left out.
    /// </summary>
    public static Option<double> Number(
        string name,
        string description,
        double preset,
        double least,
        double most = double.MaxValue,
        bool leastIncluded = true,
        params string[] aliases
    )
    {
        string bound =
            most == double.MaxValue ? "" : string.Create(CultureInfo.InvariantCulture, $" and at most {most}");
        string expected = string.Create(
            CultureInfo.InvariantCulture,
            $"a number {(leastIncluded ? "of at least" : "above")} {least}{bound}"
        );
        return new Option<double>(name, aliases)
        {
            Description = description,
            HelpName = "x",
            DefaultValueFactory = _ => preset,
            CustomParser = result =>
                Read(
                        result,
                        name,
                        expected,
                        text =>
                            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                            && double.IsFinite(value)
                            && (leastIncluded ? value >= least : value > least)
                            && value <= most
                                ? value
                                : (double?)null
                    )
                    .GetValueOrDefault(),
        };
    }

    /// <summary>A share: 0 to 1.</summary>
    public static Option<double> Share(string name, string description, double preset) =>
        Number(name, description, preset, 0, 1);

    /// <summary>Sampling temperature of a model.</summary>
    /// <param name="preset">Its default.</param>
    /// <param name="of">Whose it is.</param>
    public static Option<double> Temperature(double preset, string of) =>
        Number(
            "--temperature",
            $"sampling temperature of {of}; 0 takes the most likely token",
            preset,
            0,
            aliases: "-t"
        );

    /// <summary>Share of the probability that sampling draws from.</summary>
    /// <param name="preset">Its default.</param>
    public static Option<double> TopP(double preset) =>
        Number(
            "--top-p",
            "draw from the likeliest tokens that have this share of the probability",
            preset,
            0,
            1,
            leastIncluded: false
        );

    /// <summary>Most tokens of one output.</summary>
    /// <param name="preset">Its default.</param>
    public static Option<int> MaxTokens(int preset) => Count("--max-tokens", "most tokens of one output", preset);

    /// <summary>
    /// A range such as 2-5, or one number, within <paramref name="least"/> to <paramref name="most"/>; null when not
    /// given.
    /// </summary>
    public static Option<(int Least, int Most)?> Range(string name, string description, int least, int most) =>
        new(name)
        {
            Description = description,
            HelpName = "n-n",
            CustomParser = result =>
                Read<(int, int)>(
                    result,
                    name,
                    $"a number or a range within {least}-{most}",
                    text =>
                    {
                        string[] ends = text.Split('-');
                        return
                            ends.Length <= 2
                            && ParseWhole(ends[0], least, most) is int low
                            && ParseWhole(ends[^1], least, most) is int high
                            && low <= high
                            ? (low, high)
                            : null;
                    }
                ),
        };

    /// <summary>Threads to compute with.</summary>
    public static Option<int> Threads() =>
        Count(
            "--threads",
            "threads to compute with; has no influence on results",
            Environment.ProcessorCount,
            most: 1024
        );

    /// <summary>Most calls in flight.</summary>
    public static Option<int> Concurrency() => Count("--concurrency", "most calls in flight", 32, most: 65_536);

    /// <summary>One of several names.</summary>
    public static Option<T> Choice<T>(
        string name,
        string description,
        IReadOnlyDictionary<string, T> values,
        string preset,
        params string[] aliases
    )
        where T : notnull =>
        new(name, aliases)
        {
            Description = description,
            HelpName = string.Join('|', values.Keys),
            DefaultValueFactory = _ => values[preset],
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (values.TryGetValue(text, out T? value))
                {
                    return value;
                }

                string near = NearestName.To(text, values.Keys) is string meant ? $" Did you mean {meant}?" : "";
                result.AddError(Fault(name, $"one of {string.Join(", ", values.Keys)}", text) + near);
                return default;
            },
        };

    /// <summary>One of several names, as the name.</summary>
    public static Option<string> Choice(
        string name,
        string description,
        IEnumerable<string> names,
        string preset,
        params string[] aliases
    )
    {
        Option<string> option = Choice(name, description, names.ToDictionary(known => known), preset, aliases);
        option.DefaultValueFactory = _ => preset;
        return option;
    }

    /// <summary>A text that is not empty: a path, a model, a name.</summary>
    public static Option<string> Text(
        string name,
        string description,
        string helpName,
        string preset,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            DefaultValueFactory = _ => preset,
            CustomParser = result => ReadText(result, name),
        };

    /// <summary>As <see cref="Text"/>, but it must be given.</summary>
    public static Option<string> RequiredText(
        string name,
        string description,
        string helpName,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            Required = true,
            CustomParser = result => ReadText(result, name),
        };

    /// <summary>As <see cref="Text"/>, or null when not given.</summary>
    public static Option<string?> OptionalText(
        string name,
        string description,
        string helpName,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => ReadText(result, name),
        };

    /// <summary>Texts that are not empty; the option may be given several times.</summary>
    public static Option<string[]> Texts(string name, string description, string helpName, params string[] preset) =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => preset,
            CustomParser = result =>
            {
                string[] texts = [.. result.Tokens.Select(token => token.Value)];
                if (texts.Any(text => !IsText(text)))
                {
                    result.AddError(EmptyFault(name));
                }

                return texts;
            },
        };

    /// <summary>The option for keys that take the place of a recipe's; may be given several times.</summary>
    public static Option<string[]> RecipeSettings() =>
        new("--set")
        {
            Description = "a key of the recipe and the value that takes its place; may be given several times",
            HelpName = "key=value",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
        };

    /// <summary>An argument that is not empty: a path or a name.</summary>
    public static Argument<string> Argument(string name, string description) =>
        new(name) { Description = description, CustomParser = result => ReadText(result, $"<{name}>") };

    /// <summary>As the other, with a default.</summary>
    public static Argument<string> Argument(string name, string description, string preset) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => preset,
            CustomParser = result => ReadText(result, $"<{name}>"),
        };

    /// <summary>As an argument, or null when not given.</summary>
    public static Argument<string?> OptionalArgument(string name, string description) =>
        new(name)
        {
            Description = description,
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => ReadText(result, $"<{name}>"),
        };

    private static T? Read<T>(ArgumentResult result, string name, string expected, Func<string, T?> parse)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        T? value = parse(text);
        if (value is null)
        {
            result.AddError(Fault(name, expected, text));
        }

        return value;
    }

    private static string? ReadText(ArgumentResult result, string name)
    {
        if (result.Tokens.Count == 0)
        {
            return null;
        }

        string text = result.Tokens[0].Value;
        if (!IsText(text))
        {
            result.AddError(EmptyFault(name));
        }

        return text;
    }

    // No file and no model can have such a name, and the file system's own message for it names nothing.
    private static bool IsText(string text) =>
        !string.IsNullOrWhiteSpace(text) && !text.Contains('\0', StringComparison.Ordinal);

    private static string EmptyFault(string name) =>
        $"{name} is empty or holds a NUL character; give a text that is neither.";

    private static string Fault(string name, string expected, string text) =>
        $"{name} takes {expected}, not '{(text.Length <= 60 ? text : text[..57] + "...")}'.";

    private static string Whole(int least, int most) =>
        most == int.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {least}")
            : string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}");

    private static int? ParseWhole(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
        && value >= least
        && value <= most
            ? value
            : null;

    private static ulong? ParseSeed(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;
}
