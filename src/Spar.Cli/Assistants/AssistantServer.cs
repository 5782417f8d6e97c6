using System.Reflection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Spar.Ground;

namespace Spar.Cli.Assistants;

/// <summary>Speaks the Model Context Protocol over a pair of streams.</summary>
internal static class AssistantServer
{
    /// <summary>Serves until the other side closes its stream.</summary>
    /// <param name="tools">What can be called.</param>
    /// <param name="input">Messages to the server.</param>
    /// <param name="output">Messages of the server.</param>
    /// <param name="cancellationToken">Ends the server.</param>
    public static async Task RunAsync(
        AssistantTools tools, Stream input, Stream output, CancellationToken cancellationToken)
    {
        McpServerOptions options = new()
        {
            ServerInfo = new Implementation
            {
                Name = "spar",
                Version = typeof(AssistantServer).Assembly.GetName().Version!.ToString(3),
            },
            ServerInstructions =
                "Judges, refines and searches for responses that do what an instruction asks for, with a model of its own; "
                + "verify checks by rule and needs no model.",
            ToolCollection = tools.All,
        };
        options.Filters.Request.CallToolFilters.Add(next => async (request, token) =>
        {
            try
            {
                return await next(request, token);
            }
            catch (Exception fault) when (Mine(fault) is { } mine)
            {
                return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = mine.Message }] };
            }
        });
        await using StreamServerTransport transport = new(input, output, "spar");
        await using McpServer server = McpServer.Create(transport, options);
        await server.RunAsync(cancellationToken);
    }

    // A fault that whoever calls can mend is told in its own words; calls by reflection wrap it.
    private static UserFaultException? Mine(Exception fault) =>
        fault as UserFaultException ?? (fault as TargetInvocationException)?.InnerException as UserFaultException;
}
