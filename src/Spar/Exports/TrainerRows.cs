using System.Text;
using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Exports;

/// <summary>
/// Training data as other trainers read it: rows, the files of rows, and LLaMA-Factory's index of data sets. Exports and
/// the trainers that a run starts write the same.
/// </summary>
public static class TrainerRows
{
    /// <summary>A row as a trainer reads it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="format">For which trainer.</param>
    public static JsonObject ToJson(SupervisedRow row, ExportFormat format) => format switch
    {
        ExportFormat.LlamaFactory =>
            new() { ["messages"] = Turns(row.Context, row.Prompt, Message("assistant", row.Response)) },
        ExportFormat.Trl =>
            new() { ["prompt"] = Turns(row.Context, row.Prompt), ["completion"] = Turn("assistant", row.Response) },
        _ => new() { ["prompt"] = Prompt.InstructionOf(row.Context, row.Prompt), ["completion"] = row.Response },
    };

    /// <summary>Why a pair is no row of other trainers: they end every response.</summary>
    public const string RejectedCutOff = "rejected response cut off";

    /// <summary>The pairs that other trainers can learn: those of two whole responses.</summary>
    /// <param name="pairs">Any.</param>
    public static IEnumerable<PreferencePair> Whole(IEnumerable<PreferencePair> pairs) =>
        pairs.Where(pair => pair.RejectedCutOff != true);

    /// <summary>A pair as a trainer reads it.</summary>
    /// <param name="pair">The pair.</param>
    /// <param name="format">For which trainer.</param>
    public static JsonObject ToJson(PreferencePair pair, ExportFormat format) => format switch
    {
        ExportFormat.LlamaFactory => new()
        {
            ["messages"] = Turns(pair.Context, pair.Prompt),
            ["chosen"] = Message("assistant", pair.Chosen),
            ["rejected"] = Message("assistant", pair.Rejected),
        },
        ExportFormat.Trl => new()
        {
            ["prompt"] = Turns(pair.Context, pair.Prompt),
            ["chosen"] = Turn("assistant", pair.Chosen),
            ["rejected"] = Turn("assistant", pair.Rejected),
        },
        _ => new()
        {
            ["prompt"] = Prompt.InstructionOf(pair.Context, pair.Prompt),
            ["chosen"] = pair.Chosen,
            ["rejected"] = pair.Rejected,
        },
    };

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    // The conversation as it was: a system turn and earlier turns stay turns of their own.
    private static JsonArray Turns(IReadOnlyList<ChatTurn>? context, string prompt, params JsonNode[] more) =>
    [
        .. (context ?? []).Select(turn => Message(turn.Role, turn.Text)),
        Message("user", prompt),
        .. more,
    ];

    private static JsonArray Turn(string role, string content) => new(Message(role, content));

    /// <summary>The entry of a data set in LLaMA-Factory's dataset_info.json.</summary>
    /// <param name="file">The data set's file.</param>
    /// <param name="preference">Whether it holds pairs.</param>
    public static JsonObject Info(string file, bool preference)
    {
        JsonObject columns = new() { ["messages"] = "messages" };
        JsonObject info = new() { ["file_name"] = file, ["formatting"] = "sharegpt", ["columns"] = columns };
        if (preference)
        {
            info["ranking"] = true;
            columns["chosen"] = "chosen";
            columns["rejected"] = "rejected";
        }

        info["tags"] = new JsonObject
        {
            ["role_tag"] = "role",
            ["content_tag"] = "content",
            ["user_tag"] = "user",
            ["assistant_tag"] = "assistant",
            ["system_tag"] = "system",
        };
        return info;
    }

    /// <summary>Writes a file that is one list.</summary>
    /// <param name="stream">The file, to its end.</param>
    /// <param name="rows">The rows; gone through once.</param>
    /// <returns>How many they were.</returns>
    public static int WriteList(Stream stream, IEnumerable<JsonObject> rows)
    {
        using StreamWriter writer = Open(stream);
        writer.Write("[\n");
        int count = 0;
        foreach (JsonObject row in rows)
        {
            writer.Write(count++ == 0 ? "" : ",\n");
            writer.Write(row.ToJsonString(JsonSettings.Compact));
        }

        writer.Write("\n]\n");
        return count;
    }

    /// <summary>Writes a file with a row a line.</summary>
    /// <param name="stream">The file, to its end.</param>
    /// <param name="rows">The rows; gone through once.</param>
    /// <returns>How many they were.</returns>
    public static int WriteLines(Stream stream, IEnumerable<JsonObject> rows)
    {
        using StreamWriter writer = Open(stream);
        int count = 0;
        foreach (JsonObject row in rows)
        {
            writer.Write(row.ToJsonString(JsonSettings.Compact));
            writer.Write('\n');
            count++;
        }

        return count;
    }

    private static StreamWriter Open(Stream stream) => new(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
}
