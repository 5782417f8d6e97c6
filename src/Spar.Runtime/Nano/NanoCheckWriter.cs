using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Nano;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Runtime.Nano;

/// <summary>
/// The nano world's program as a writer of checks, since a model of a million parameters can write none. To be like a
/// model it makes mistakes: in the given share of the checks a requirement is wrong or missing, the same share of test
/// cases carries the wrong label, and the same share of confirmations is wrong.
/// </summary>
/// <param name="templates">The run's prompt set.</param>
/// <param name="error">Share of mistakes, 0..1.</param>
public sealed class NanoCheckWriter(TemplateSet templates, double error) : ICheckWriter
{
    /// <inheritdoc/>
    public Task<Answer> WriteAsync(string instruction, ulong seed, CancellationToken cancellationToken)
    {
        NanoTask task = NanoTeacher.TaskOf(instruction);
        SeededRandom random = SeededRandom.Scrambled(seed);
        List<string> requirements = [.. task.Requirements.Select(Expression)];
        if (random.Chance(error))
        {
            int at = random.Next32(requirements.Count);
            if (random.Chance(0.5) && requirements.Count > 1)
            {
                requirements.RemoveAt(at);
            }
            else
            {
                requirements[at] = $"not ({requirements[at]})";
            }
        }

        List<string> lines = [$"check: {string.Join(" and ", requirements)}"];
        foreach (bool follows in (bool[])[true, true, false, false])
        {
            if (Case(task, follows, random) is string response)
            {
                lines.Add($"case {(follows != random.Chance(error) ? "yes" : "no")}: {response}");
            }
        }

        return NanoTeacher.Said(string.Join('\n', lines));
    }

    /// <inheritdoc/>
    public Task<Answer> ConfirmAsync(string instruction, string check, ulong seed, CancellationToken cancellationToken)
    {
        bool right = check == string.Join(" and ", NanoTeacher.TaskOf(instruction).Requirements.Select(Expression));
        bool said = right != SeededRandom.Scrambled(seed).Chance(error);
        return NanoTeacher.Said($"{templates.Format.Verdict} {(said ? "yes" : "no")}");
    }

    /// <summary>A requirement in the language of checks; it holds for the same responses.</summary>
    /// <param name="constraint">The requirement.</param>
    public static string Expression(Constraint constraint) =>
        constraint switch
        {
            ExactWords words => Compare("words()", "==", words.Count),
            AtLeastWords least => Compare("words()", ">=", least.Count),
            AtMostWords most => Compare("words()", "<=", most.Count),
            SentenceCount sentences => Compare("sentences()", "==", sentences.Count),
            IncludeWord include => AnyOf([include.Word]),
            AvoidWord avoid => $"not {AnyOf([avoid.Word])}",
            FirstWord first => $"first_word(\"{first.Word}\")",
            LastWord last => $"last_word(\"{last.Word}\")",
            ClosingMark mark => $"ends_with(\"{mark.Mark}\", \"{mark.Mark} *\")",
            Stars => "starts_with(\"* \") and ends_with(\" *\")",
            ShowFeeling feeling => AnyOf(Lexicon.Feelings[feeling.Feeling]),
            SetIn setting => AnyOf(Lexicon.Situations[setting.Situation]),
            OnTopic topic => AnyOf(Lexicon.Topics[topic.Topic]),
            _ => throw new ArgumentException(
                $"No check is known for the constraint {constraint.Kind}.",
                nameof(constraint)
            ),
        };

    private static string Compare(string what, string sign, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} {sign} {count}");

    private static string AnyOf(IReadOnlyList<string> words) =>
        $"contains({string.Join(", ", words.Select(word => $"\"{word}\""))})";

    // A careless writer's response misses something; now and then none does.
    private static string? Case(NanoTask task, bool follows, SeededRandom random)
    {
        if (follows)
        {
            return Writer.Write(task, random);
        }

        for (int attempt = 0; attempt < 20; attempt++)
        {
            string response = Writer.Careless(task, random, 0.5);
            if (!task.IsSatisfiedBy(response))
            {
                return response;
            }
        }

        return null;
    }
}
