using Spar.Calls;
using Spar.Evolution;
using Spar.Ground;
using Spar.Nano;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world's program as the teacher of prompt evolution. Seeds are the world's instructions ("write a line about
/// the sea."); it declines other seeds, and families that the world does not have.
/// </summary>
/// <param name="seed">The run's seed.</param>
public sealed class NanoEvolutionTeacher(ulong seed) : IEvolutionTeacher
{
    // Tasks are drawn until one fits; a family that the world has turns up long before.
    private const int Draws = 20_000;

    /// <inheritdoc/>
    public Task<Answer> EvolveAsync(string key, EvolutionTask task, CancellationToken cancellationToken)
    {
        if (NanoTask.Parse(task.Seed) is not { } simple || !NanoVerifier.Kinds.Values.Contains(task.Main.Name))
        {
            return Task.FromResult(new Answer(EvolutionParser.DeclinedMark));
        }

        SeededRandom random = SeededRandom.Scrambled(StableHash.Seed(seed, key));
        HashSet<string> wanted = [task.Main.Name, .. task.Others.Select(family => family.Name)];
        for (int i = 0; i < Draws; i++)
        {
            NanoTask drawn = TaskSampler.Draw(random, simple.Form);
            if (drawn.Topic == simple.Topic && Fits(drawn))
            {
                string output = EvolutionParser.Format(
                    drawn.Constraints.Select(constraint => new AddedConstraint(
                        constraint.Family,
                        Stated(drawn.Instruction, constraint)
                    )),
                    drawn.Instruction
                );
                return Task.FromResult(new Answer(output));
            }
        }

        return Task.FromResult(new Answer(EvolutionParser.DeclinedMark));

        // The main family and at least one of the others, and nothing else.
        bool Fits(NanoTask drawn)
        {
            string[] families = [.. drawn.Constraints.Select(constraint => constraint.Family).Distinct()];
            return families.Length > 1 && families.Contains(task.Main.Name) && families.All(wanted.Contains);
        }
    }

    private static string Stated(string instruction, Constraint constraint) =>
        constraint.Phrases.First(phrase => instruction.Contains(phrase, StringComparison.Ordinal)).TrimEnd('.');
}
