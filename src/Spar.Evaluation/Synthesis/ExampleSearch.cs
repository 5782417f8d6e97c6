using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Shows that constraints can be satisfied together: writes responses along their joint plan until the verifiers of all
/// of them accept one, strictly.
/// </summary>
internal static class ExampleSearch
{
    private const int Attempts = 4;

    /// <summary>A response that follows all constraints.</summary>
    /// <param name="constraints">At least one; the last is checked first.</param>
    /// <param name="random">Chooses words.</param>
    /// <returns>The response; null where none was found, which does not prove that there is none.</returns>
    public static string? Find(IReadOnlyList<Constraint> constraints, SeededRandom random)
    {
        ResponsePlan plan = new();
        foreach (Constraint constraint in constraints)
        {
            constraint.Form.Plan(plan, new ConstraintArguments(constraint.Values));
        }

        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            string? response = ExampleWriter.Write(plan, random, attempt);
            if (response is not null
                && constraints.Reverse().All(constraint => constraint.Verifier.Verify(response).Followed))
            {
                return response;
            }
        }

        return null;
    }
}
