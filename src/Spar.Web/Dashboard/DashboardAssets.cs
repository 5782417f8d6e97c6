using System.Text;
using Spar.Ground;
using Spar.Web.Reports;

namespace Spar.Web.Dashboard;

/// <summary>Style, script and icon of the pages; all are within the program.</summary>
internal static class DashboardAssets
{
    /// <summary>Styles of the report, then those of the dashboard's own parts.</summary>
    public static byte[] Style { get; } = Encoding.UTF8.GetBytes(RunReport.Styles + Read("dashboard.css"));

    /// <summary>Theme, live refresh.</summary>
    public static byte[] Script { get; } = Encoding.UTF8.GetBytes(Read("dashboard.js"));

    /// <summary>The icon.</summary>
    public static byte[] Icon { get; } = Encoding.UTF8.GetBytes(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g stroke="#57606a" stroke-width="2.5" fill="none"><path d="M16 8 8 24M16 8l8 16"/></g><circle cx="16" cy="8" r="5.5" fill="#e69f00"/><circle cx="8" cy="24" r="5.5" fill="#9a9a9a"/><circle cx="24" cy="24" r="5.5" fill="#56b4e9"/></svg>
        """);

    /// <summary>Changes with the assets, so that browsers may keep them for good.</summary>
    public static string Version { get; } = StableHash.Of(
        Encoding.UTF8.GetString(Style) + Encoding.UTF8.GetString(Script)).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private static string Read(string name)
    {
        using Stream stream = typeof(DashboardAssets).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
