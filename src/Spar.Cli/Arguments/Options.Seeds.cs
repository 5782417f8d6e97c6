using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spar.Runtime.Recipes;

namespace Spar.Cli.Arguments;

// The options of seeds.
internal static partial class Options
{
    /// <summary>The seed of everything random.</summary>
    public static Option<ulong> Seed() =>
        new("--seed")
        {
            Description = "seed of everything random",
            HelpName = "n",
            DefaultValueFactory = _ => 1,
            CustomParser = result =>
                Read(result, "--seed", "a whole number that is not negative", ParseSeed).GetValueOrDefault(),
        };

    /// <summary>A seed that takes the place of another; null when not given.</summary>
    public static Option<ulong?> SeedInPlace() =>
        new("--seed")
        {
            Description = "takes the place of the recipe's seed",
            HelpName = "n",
            CustomParser = result => Read(result, "--seed", "a whole number that is not negative", ParseSeed),
        };

    /// <summary>The seed of an evaluation, 0 when not given.</summary>
    public static Option<long> EvaluationSeed() =>
        new("--seed")
        {
            Description = "seed of sampling and of confidence intervals",
            HelpName = "n",
            DefaultValueFactory = _ => 0,
            CustomParser = result =>
                Read(
                        result,
                        "--seed",
                        "a whole number",
                        text =>
                            long.TryParse(
                                text,
                                NumberStyles.AllowLeadingSign,
                                CultureInfo.InvariantCulture,
                                out long value
                            )
                                ? value
                                : (long?)null
                    )
                    .GetValueOrDefault(),
        };

    /// <summary>Several seeds, each once, with commas or blanks between them.</summary>
    /// <param name="preset">The default.</param>
    public static Option<IReadOnlyList<ulong>> Seeds(params ulong[] preset) =>
        new("--seeds")
        {
            Description = "seeds, with commas between them",
            HelpName = "n,n,...",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => preset,
            CustomParser = result =>
            {
                string text = string.Join(',', result.Tokens.Select(token => token.Value));
                ulong?[] seeds = [.. text.Split(',').Select(part => ParseSeed(part.Trim()))];
                if (seeds.All(seed => seed is not null) && seeds.Distinct().Count() == seeds.Length)
                {
                    return [.. seeds.Select(seed => seed!.Value)];
                }

                result.AddError(
                    Fault("--seeds", "whole numbers with commas between them, each once, such as 1,2,3", text)
                );
                return [];
            },
        };
}
