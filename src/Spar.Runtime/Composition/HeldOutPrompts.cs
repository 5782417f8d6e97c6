using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>
/// The prompts that a recipe holds out, as yardsticks of its run: alone, and where it says so with tree search. They
/// are written to a file in the run directory, which <c>spar eval prompts</c> takes.
/// </summary>
internal static class HeldOutPrompts
{
    /// <summary>The name of the yardstick.</summary>
    public const string Name = "held_out";

    /// <summary>The name of the yardstick with tree search.</summary>
    public const string Searched = "held_out_search";

    /// <summary>The file with the prompts, in the run directory's folder <see cref="BenchmarkYardstick.Folder"/>.</summary>
    public const string File = "held_out.jsonl";

    /// <summary>The yardsticks.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="settings">What the recipe says of this yardstick.</param>
    /// <param name="prompts">The run's prompts; opened later. Null where the yardsticks are only counted.</param>
    /// <param name="directory">The run directory.</param>
    /// <param name="time">The clock.</param>
    public static IEnumerable<IYardstick> Create(
        RunRecipe recipe, YardstickSettings settings, FilePrompts? prompts, string directory, TimeProvider time)
    {
        string? judge = settings.Judge is null ? null : RunIdentities.OfModel(settings.Judge, recipe.Servers);
        int most = Math.Min(recipe.Prompts!.HeldOut, settings.Limit ?? int.MaxValue);
        yield return new BenchmarkYardstick(Name, Open, settings.Judge, judge, directory, time)
        {
            Expected = most,
        };
        if (settings.Search)
        {
            yield return new SearchedPrompts(Searched, Name, Open, settings.Judge, judge, directory, time)
            {
                Expected = most,
            };
        }

        PromptsBenchmark Open()
        {
            IReadOnlyList<PromptRow> rows = prompts?.HeldOut ?? [];
            PromptsBenchmark benchmark = new(
                $"evaluation, {Name}",
                [.. rows.Select(row => OwnPrompts.Of(row, PromptPool.IdOf(row)))],
                settings.MaxTokens ?? recipe.Method.Respond.MaxTokens,
                settings.Judge is { } model ? OwnPrompts.JudgedBy(model, settings.Votes, recipe.Method) : null,
                settings.Limit);
            Write(Path.Combine(directory, BenchmarkYardstick.Folder, File), rows);
            return benchmark;
        }
    }

    private static void Write(string path, IReadOnlyList<PromptRow> rows)
    {
        // The rows of a file have one layout.
        bool turns = rows.Any(row => row.Context.Count > 0);
        AtomicFile.WriteLines(path, rows.Select(row => ToJson(row, turns).ToJsonString(JsonSettings.Compact)));
    }

    private static JsonObject ToJson(PromptRow row, bool turns)
    {
        JsonObject json = new() { ["id"] = PromptPool.IdOf(row) };
        if (turns)
        {
            json["messages"] = new JsonArray(
            [
                .. row.Context.Append(new ChatTurn(ChatRoles.User, row.Text))
                    .Select(turn => new JsonObject { ["role"] = turn.Role, ["content"] = turn.Text }),
            ]);
        }
        else
        {
            json["prompt"] = row.Text;
        }

        if (row.Instructions.Count > 0)
        {
            json["instruction_id_list"] = new JsonArray([.. row.Instructions.Select(one => JsonValue.Create(one.Id))]);
            json["kwargs"] = new JsonArray(
                [.. row.Instructions.Select(one => JsonNode.Parse(one.Arguments.GetRawText()))]);
        }

        if (row.Request is not null)
        {
            json["request"] = row.Request;
        }

        return json;
    }
}
