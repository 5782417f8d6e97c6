using System.CommandLine;
using System.Globalization;

namespace Spar.Cli.Arguments;

internal static partial class Options
{
    /// <summary>Share of calls that may fail for good: a percentage, or a number below 1.</summary>
    public static Option<double> AllowFailed() =>
        new("--allow-failed")
        {
            Description =
                "share of model calls that may fail, such as 2%; what they were for is left out, shown, and the exit "
                + "code is 3. By default none may, and the same command asks again",
            HelpName = "share",
            DefaultValueFactory = _ => 0,
            CustomParser = result =>
                Read(
                        result,
                        "--allow-failed",
                        "a percentage below 100% such as 2%, or a share below 1 such as 0.02",
                        text =>
                        {
                            bool percent = text.EndsWith('%');
                            return
                                double.TryParse(
                                    percent ? text[..^1] : text,
                                    NumberStyles.Float,
                                    CultureInfo.InvariantCulture,
                                    out double value
                                )
                                && value >= 0
                                && value < (percent ? 100 : 1)
                                ? value / (percent ? 100 : 1)
                                : (double?)null;
                        }
                    )
                    .GetValueOrDefault(),
        };
}
