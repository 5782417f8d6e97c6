using System.Globalization;

namespace Spar.Cli.Console;

/// <summary>Sizes of files in words.</summary>
internal static class DiskSize
{
    /// <summary>In GB, MB or kB (powers of 1000), or bytes.</summary>
    /// <param name="bytes">The size.</param>
    public static string Words(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
    };
}
