using Spar.Evaluation;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Ground;
using Spar.Runtime.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>Makes of a file's row a prompt, and of what it lists in instruction_id_list and kwargs its checks.</summary>
public static class PromptConstraints
{
    /// <summary>The prompt of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="id">The prompt's id.</param>
    public static Prompt PromptOf(PromptRow row, string id) =>
        new(id, row.Text) { Context = row.Context.Count == 0 ? null : row.Context };

    /// <summary>The checks of a row's constraints; null where it lists none.</summary>
    /// <param name="row">The row.</param>
    /// <param name="prompt">The row's prompt, whose id and instruction they go by.</param>
    /// <exception cref="SparException">
    /// A constraint is not known, or cannot be checked with its arguments; the message names file, row and constraint.
    /// </exception>
    public static InstructionPrompt? Of(PromptRow row, Prompt prompt)
    {
        CheckKnown(row);
        return row.Instructions.Count == 0
            ? null
            : new InstructionPrompt(
                prompt.Id,
                prompt.Instruction,
                [.. row.Instructions.Select((one, i) => InstructionOf(row.Place, one, i))]
            )
            { Request = row.Request };
    }

    /// <summary>Checks that a row's constraints are known.</summary>
    /// <param name="row">The row.</param>
    /// <exception cref="SparException">One is not; the message names file, row, constraint and the nearest name.</exception>
    public static void CheckKnown(PromptRow row)
    {
        foreach ((int i, RowInstruction one) in row.Instructions.Index())
        {
            if (!InstructionRegistry.Contains(one.Id))
            {
                throw new SparException(
                    FormattableString.Invariant($"{row.Place}: instruction_id_list[{i}]: ")
                        + $"there is no constraint '{HarmlessText.Quote(one.Id)}'. {Suggest(one.Id)}"
                );
            }
        }
    }

    private static Instruction InstructionOf(string place, RowInstruction one, int index)
    {
        try
        {
            InstructionArguments arguments = new(one.Arguments);
            return new Instruction(one.Id, arguments, InstructionRegistry.Create(one.Id, arguments));
        }
        catch (EvaluationException fault)
        {
            throw new SparException(FormattableString.Invariant($"{place}: kwargs[{index}]: {fault.Message}"), fault);
        }
    }

    /// <summary>A sentence with the nearest id; with the family's members, or with the families, where none is near.</summary>
    /// <param name="id">What was written.</param>
    internal static string Suggest(string id)
    {
        if (NearestName.To(id, InstructionRegistry.Ids) is { } nearest)
        {
            return $"Did you mean '{nearest}'?";
        }

        string family = InstructionRegistry.FamilyOf(id);
        string[] members = [.. InstructionRegistry.Ids.Where(one => InstructionRegistry.FamilyOf(one) == family)];
        return members.Length > 0
            ? $"Of {family} there are {string.Join(", ", members)}."
            : $"Ids are family:name, and the families are {string.Join(", ", InstructionRegistry.Families)}.";
    }
}
