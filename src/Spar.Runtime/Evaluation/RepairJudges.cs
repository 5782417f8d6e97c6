using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Evaluation;
using Spar.Evaluation.Refinement;
using Spar.Nano;
using Spar.Templates;

namespace Spar.Runtime.Evaluation;

/// <summary>
/// Judges of repaired responses: a model that writes one greedy judgement, or the nano world's exact checks.
/// </summary>
public static class RepairJudges
{
    /// <summary>Name of the judge that is no model: the nano world's exact checks.</summary>
    public const string Checks = "checks";

    /// <summary>
    /// A model, asked with a prompt set; a judgement without a readable verdict counts as unparseable.
    /// </summary>
    /// <param name="name">Its name in results.</param>
    /// <param name="model">The model.</param>
    /// <param name="templates">How it is asked and read.</param>
    /// <param name="maxTokens">Most tokens of a judgement.</param>
    public static RepairJudge Model(string name, IChatClient model, TemplateSet templates, int maxTokens)
    {
        JudgementParser parser = new(templates.Format);
        ChatOptions options = new() { Temperature = 0, MaxOutputTokens = maxTokens };
        return new RepairJudge(
            name,
            async (item, cancellationToken) =>
            {
                ChatMessage question = new(ChatRole.User, templates.JudgePrompt(item.Instruction, item.Repaired!));
                return (
                    await model.GetResponseAsync([question], options, cancellationToken).ConfigureAwait(false)
                ).ToAnswer();
            },
            answer => parser.Parse(answer).Verdict
        );
    }

    /// <summary>The exact checks of the nano world, for instructions that are its own.</summary>
    /// <param name="cases">What will be judged.</param>
    /// <exception cref="EvaluationException">An instruction is not one of the nano world's.</exception>
    public static RepairJudge NanoChecks(IReadOnlyList<RepairCase> cases)
    {
        Dictionary<string, NanoTask> tasks = cases.ToDictionary(
            item => item.Id,
            item =>
                NanoTask.Parse(item.Instruction)
                ?? throw new EvaluationException(
                    $"The judge \"{Checks}\" knows the nano world's instructions only, and case \"{item.Id}\" has "
                        + "another: name a model as judge."
                )
        );
        return new RepairJudge(
            Checks,
            (item, _) =>
                Task.FromResult(
                    new Answer(
                        string.Join(
                            '\n',
                            tasks[item.Id].Check(item.Repaired!).Select(finding => finding.Followed ? "ok" : "bad")
                        )
                    )
                ),
            answer => !answer.Text.Split('\n').Contains("bad")
        );
    }
}
