using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Spar.Experiments;

namespace Spar.Web.Experiments;

/// <summary>An experiment's results as one HTML file that needs nothing else.</summary>
public static class ExperimentPage
{
    /// <summary>Renders the page. The same report gives the same text.</summary>
    /// <param name="report">What to show.</param>
    public static async Task<string> RenderAsync(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        await using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        await using HtmlRenderer renderer = new(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            ParameterView parameters = ParameterView.FromDictionary(
                new Dictionary<string, object?> { [nameof(ExperimentDocument.Report)] = report });
            return (await renderer.RenderComponentAsync<ExperimentDocument>(parameters)).ToHtmlString();
        });
    }
}
