using Microsoft.Extensions.AI.Evaluation;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluators;

/// <summary>The constraints of one prompt, which an evaluator of a whole data set gets with each response.</summary>
public sealed class ConstraintsContext : EvaluationContext
{
    /// <summary>The context's name in reports.</summary>
    public const string ContextName = "Constraints";

    /// <summary>Takes constraints.</summary>
    /// <param name="constraints">
    /// At least one; made by <see cref="Constraint"/>, or those of a prompt that was read.
    /// </param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public ConstraintsContext(params Instruction[] constraints)
        : base(ContextName, string.Join('\n', constraints.Select(one => one.Id)))
    {
        if (constraints.Length == 0)
        {
            throw new ArgumentException("There are no constraints to check; give at least one.", nameof(constraints));
        }

        Constraints = constraints;
    }

    /// <summary>The constraints.</summary>
    public IReadOnlyList<Instruction> Constraints { get; }

    /// <summary>Makes one constraint.</summary>
    /// <param name="id">One of <see cref="InstructionRegistry.Ids"/>, such as <c>punctuation:no_comma</c>.</param>
    /// <param name="arguments">Its arguments as a JSON object.</param>
    /// <exception cref="Evaluation.EvaluationException">
    /// The id is unknown, or an argument is missing, unknown or out of range.
    /// </exception>
    public static Instruction Constraint(string id, string arguments = "{}")
    {
        InstructionArguments given = InstructionArguments.Parse(arguments);
        return new Instruction(id, given, InstructionRegistry.Create(id, given));
    }
}
