using Spar.Calls;
using Spar.Ground;
using Spar.Nano;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Runtime.Nano;

/// <summary>The nano world's program as a run's teacher: it writes in the formats of the run's prompt set.</summary>
/// <param name="templates">The run's prompt set.</param>
public sealed class NanoTeacher(TemplateSet templates) : ITeacher
{
    /// <inheritdoc/>
    public Task<Answer> RespondAsync(string instruction, ulong seed, CancellationToken cancellationToken) =>
        Said(Writer.Write(TaskOf(instruction), SeededRandom.Scrambled(seed)));

    /// <inheritdoc/>
    public Task<Answer> JudgeAsync(
        string instruction,
        string response,
        ulong seed,
        CancellationToken cancellationToken
    ) => Said(Critic.Critique(TaskOf(instruction), response, templates.Format.Verdict));

    /// <inheritdoc/>
    public Task<Answer> RefineAsync(
        string instruction,
        string response,
        string critique,
        ulong seed,
        CancellationToken cancellationToken
    )
    {
        NanoTask task = TaskOf(instruction);
        SeededRandom random = SeededRandom.Scrambled(seed);
        string refined = Editor.Edit(task, response, random) ?? Writer.Write(task, random);
        return Said(RefinerOutput(templates, Critic.Reflection(task, response), refined));
    }

    /// <summary>What a program says: an answer that cost no tokens.</summary>
    /// <param name="text">The text.</param>
    internal static Task<Answer> Said(string text) => Task.FromResult(new Answer(text, 0, 0));

    /// <summary>A refiner's output in a prompt set's format.</summary>
    /// <param name="templates">The prompt set.</param>
    /// <param name="reflection">What has to be mended.</param>
    /// <param name="refined">The refined response.</param>
    internal static string RefinerOutput(TemplateSet templates, string reflection, string refined) =>
        templates.Format.ResponseStart is null
            ? refined
            : $"{reflection}\n{templates.Format.ResponseStart} {refined}{(templates.Format.ResponseEnd is string end ? "\n" + end : "")}";

    /// <summary>The task of an instruction.</summary>
    /// <exception cref="SparException">The text is no instruction of the nano world.</exception>
    internal static NanoTask TaskOf(string instruction) =>
        NanoTask.Parse(instruction)
        ?? throw new SparException(
            $"The nano world's teacher knows only the nano world's instructions, and this is none: {instruction}"
        );
}
