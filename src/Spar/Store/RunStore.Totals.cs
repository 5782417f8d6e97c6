using System.Globalization;
using System.Text;
using Dapper;

namespace Spar.Store;

/// <content>What a run took: time, calls and tokens, counted from what is kept.</content>
public sealed partial class RunStore
{
    /// <summary>What the run took so far, over all its sessions.</summary>
    public RunTotals Totals()
    {
        if (_writer is not null)
        {
            Write(CountTime);
            Flush();
        }

        return Read(connection => new RunTotals(
            connection.ExecuteScalar<double>("SELECT coalesce(sum(seconds), 0) FROM sessions"),
            connection.ExecuteScalar<long>(
                "SELECT count(*) FROM calls WHERE key NOT GLOB @TeacherKeys",
                new { TeacherKeys }
            ),
            connection.ExecuteScalar<long>(
                "SELECT coalesce(sum(output_tokens), 0) FROM calls WHERE key NOT GLOB @TeacherKeys",
                new { TeacherKeys }
            )
        ));
    }

    /// <summary>
    /// Answered calls of the models, and the tokens that they generated; a teaching program's calls are left out.
    /// </summary>
    /// <param name="leaveOut">Patterns of the keys of further calls that are left out, such as "eval/*".</param>
    public (long Calls, long OutputTokens) CallsOutside(params string[] leaveOut)
    {
        string[] patterns = [TeacherKeys, .. leaveOut];
        string where = string.Join(
            " AND ",
            patterns.Select((_, i) => $"key NOT GLOB @p{i.ToString(CultureInfo.InvariantCulture)}")
        );
        DynamicParameters parameters = new(
            patterns.Select(
                (pattern, i) =>
                    new KeyValuePair<string, object>($"p{i.ToString(CultureInfo.InvariantCulture)}", pattern)
            )
        );
        return Read(connection =>
            connection.QuerySingle<(long, long)>(
                $"SELECT count(*), coalesce(sum(output_tokens), 0) FROM calls WHERE {where}",
                parameters
            )
        );
    }

    /// <summary>Answered calls of the models by part; a program's that teaches are left out.</summary>
    /// <param name="roles">Parts with the patterns of their keys; the first that fits a key counts.</param>
    /// <param name="other">The part of calls that no pattern fits.</param>
    /// <param name="after">Only rows behind this one; 0 for all.</param>
    /// <param name="upTo">Only rows up to this one.</param>
    /// <returns>Parts that were asked, in the order of their names.</returns>
    internal IReadOnlyList<RoleCalls> CallsByRole(
        IReadOnlyList<(string Role, string Pattern)> roles, string other, long after = 0, long upTo = long.MaxValue)
    {
        DynamicParameters parameters = new();
        parameters.Add("after", after);
        parameters.Add("upTo", upTo);
        parameters.Add("other", other);
        parameters.Add("TeacherKeys", TeacherKeys);
        StringBuilder cases = new();
        foreach ((int i, (string role, string pattern)) in roles.Index())
        {
            string number = i.ToString(CultureInfo.InvariantCulture);
            cases.Append(CultureInfo.InvariantCulture, $"WHEN key GLOB @p{number} THEN @r{number} ");
            parameters.Add($"p{number}", pattern);
            parameters.Add($"r{number}", role);
        }

        // Of no rows, SQLite does not know the types that a record's constructor would be chosen by.
        return Read(connection => connection
            .Query<(string Role, long Calls, long InputTokens, long OutputTokens)>(
                $"SELECT CASE {cases}ELSE @other END AS Role, count(*) AS Calls, sum(input_tokens) AS InputTokens, "
                    + "sum(output_tokens) AS OutputTokens FROM calls WHERE key NOT GLOB @TeacherKeys "
                    + "AND rowid > @after AND rowid <= @upTo GROUP BY Role ORDER BY Role",
                parameters
            )
            .Select(row => new RoleCalls(row.Role, row.Calls, row.InputTokens, row.OutputTokens))
            .ToArray());
    }
}
