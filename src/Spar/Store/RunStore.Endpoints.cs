using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Ground;

namespace Spar.Store;

/// <content>What servers did for the run, session by session.</content>
public sealed partial class RunStore
{
    private string _endpointsWritten = "";

    /// <summary>
    /// Tells what this session's servers have done so far; it is asked whenever rows are committed, so it must be quick.
    /// Null where nothing is served.
    /// </summary>
    public Func<IReadOnlyList<EndpointFigures>>? EndpointsOfSession { get; set; }

    /// <summary>What each server did, over all sessions, in the order of their addresses.</summary>
    public IReadOnlyList<EndpointFigures> Endpoints()
    {
        string[] rows = Read(connection =>
            connection.ExecuteScalar<bool>("SELECT count(*) FROM sqlite_master WHERE name = 'endpoint_log'")
                ? connection.Query<string>("SELECT json FROM endpoint_log ORDER BY session, endpoint, model").ToArray()
                : []);
        return
        [
            .. rows.Select(json => KeptJson.Read<EndpointFigures>(Directory, json))
                .GroupBy(one => (one.Endpoint, one.Model))
                .OrderBy(one => one.Key.Endpoint, StringComparer.Ordinal).ThenBy(one => one.Key.Model, StringComparer.Ordinal)
                .Select(one => EndpointFigures.Sum([.. one])),
        ];
    }

    private void CountEndpoints(SqliteConnection connection)
    {
        if (EndpointsOfSession?.Invoke() is not { Count: > 0 } figures
            || JsonSerializer.Serialize(figures, JsonSettings.Compact) is var all && all == _endpointsWritten)
        {
            return;
        }

        _endpointsWritten = all;
        foreach (EndpointFigures one in figures)
        {
            connection.Execute(
                "INSERT OR REPLACE INTO endpoint_log (session, endpoint, model, json) VALUES (@_session, @Endpoint, "
                    + "@Model, @json)",
                new { _session, one.Endpoint, one.Model, json = JsonSerializer.Serialize(one, JsonSettings.Compact) });
        }
    }
}
