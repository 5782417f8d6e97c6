using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Spar.Web.Reports;

/// <summary>
/// A run's report as one HTML file that needs nothing else: styles and drawings are inside, and it loads and runs
/// nothing.
/// </summary>
public static class RunReport
{
    /// <summary>Renders the report. The same model gives the same text.</summary>
    /// <param name="model">What to show.</param>
    /// <exception cref="ArgumentException">
    /// A tree's nodes do not form a tree: see <see cref="Trees.TreeLayout.Of"/>.
    /// </exception>
    public static async Task<string> RenderAsync(ReportModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        await using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        await using HtmlRenderer renderer = new(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            ParameterView parameters = ParameterView.FromDictionary(
                new Dictionary<string, object?> { [nameof(ReportDocument.Model)] = model });
            return (await renderer.RenderComponentAsync<ReportDocument>(parameters)).ToHtmlString();
        });
    }

    /// <summary>The report's style sheet.</summary>
    internal static string Styles { get; } = ReadStyles();

    private static string ReadStyles()
    {
        using Stream stream = typeof(RunReport).Assembly.GetManifestResourceStream("report.css")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
