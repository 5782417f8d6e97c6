using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>A teacher under the same bound and memo as the models: no finished answer is asked for twice.</summary>
internal abstract class TeacherCaller
{
    /// <summary>A good response to a prompt.</summary>
    public abstract Task<Taught> RespondAsync(string key, Prompt prompt, CancellationToken cancellationToken);

    /// <summary>A judgement of a response.</summary>
    public abstract Task<Answer> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken);

    /// <summary>A refinement of a response.</summary>
    public abstract Task<Taught> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken);
}

/// <summary>A program that teaches.</summary>
internal sealed class ProgramTeacher(ITeacher teacher, CallSession session) : TeacherCaller
{
    public override async Task<Taught> RespondAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        string instruction = prompt.Instruction;
        return new Taught(await session.AskTeacherAsync(
            key, instruction, (seed, token) => teacher.RespondAsync(instruction, seed, token), cancellationToken)
            .ConfigureAwait(false));
    }

    public override Task<Answer> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key, $"{instruction}\0{response}", (seed, token) =>
                teacher.JudgeAsync(instruction, response, seed, token), cancellationToken);

    public override async Task<Taught> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        new(await session.AskTeacherAsync(
            key,
            $"{instruction}\0{response}\0{critique}",
            (seed, token) => teacher.RefineAsync(instruction, response, critique, seed, token),
            cancellationToken).ConfigureAwait(false));
}

/// <summary>A model that teaches, asked with the prompt set; it answers conversations turn by turn.</summary>
/// <param name="model">The model, open.</param>
/// <param name="templates">The run's prompt set.</param>
/// <param name="settings">How it is sampled.</param>
internal sealed class ModelTeacher(ModelCaller model, TemplateSet templates, Teacher.Model settings) : TeacherCaller
{
    public override async Task<Taught> RespondAsync(string key, Prompt prompt, CancellationToken cancellationToken) =>
        new(await model.AskAsync(CallRoles.TeacherModel + key, prompt, settings.Respond, cancellationToken)
            .ConfigureAwait(false));

    public override Task<Answer> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken) =>
        model.AskAsync(
            CallRoles.TeacherModel + key, templates.JudgePrompt(instruction, response), settings.Judge,
            cancellationToken);

    public override async Task<Taught> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        new(await model.AskAsync(
            CallRoles.TeacherModel + key, templates.RefinePrompt(instruction, response, critique), settings.Refine,
            cancellationToken).ConfigureAwait(false));
}

/// <summary>A model's own responses, edited by rule, and judged by a verifier.</summary>
/// <param name="model">The model, open.</param>
/// <param name="templates">The run's prompt set.</param>
/// <param name="session">What all calls of the run share.</param>
/// <param name="settings">The rules.</param>
internal sealed class MendingTeacher(
    ModelCaller model, TemplateSet templates, CallSession session, Teacher.Mending settings) : TeacherCaller
{
    /// <summary>Reason: the rules know no edit that mends the response.</summary>
    public const string NoEdit = "no edit is known";

    /// <summary>Reason: the response repeats itself, or is cut off, from its first sentence on.</summary>
    public const string NoWholePart = "no whole sentence";

    /// <summary>How responses are counted that end earlier than the model wrote them.</summary>
    public const string EndedByRule = "responses ended by rule";

    public override async Task<Taught> RespondAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        string instruction = prompt.Instruction;
        Prompt asked = settings.Mender.RequestOf(instruction) is { } request ? prompt with { Text = request } : prompt;
        Answer answer = await model
            .AskAsync(CallRoles.TeacherModel + key, asked, settings.Respond, cancellationToken).ConfigureAwait(false);
        AnswerReading reading = answer.Read();
        bool cutOff = reading.Finish == FinishReason.Length && !reading.Blank;
        if (!reading.Complete && !cutOff)
        {
            return new Taught(answer);
        }

        string? ended = settings.Mender.End(reading.Text, cutOff);
        return ended is null
            ? new Taught(answer, NoWholePart)
            : Mend(key, instruction, ended, text => text) with
            {
                Ended = ended != reading.Text,
                Unedited = ended,
            };
    }

    public override Task<Answer> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Verification found = settings.Verifier.Verify(instruction, response);
        return Task.FromResult(new Answer(
            found.Outcome == VerificationOutcome.Unknown ? found.Findings
                : HybridJudge.CritiqueOf(found, templates.Format)));
    }

    public override Task<Taught> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        Task.FromResult(Mend(key, instruction, response, text => templates.Format.Frame(null, text)));

    private Taught Mend(string key, string instruction, string response, Func<string, string> frame) =>
        settings.Mender.Mend(instruction, response, session.SeedOf($"teacher/{key}")) is { } mended
            ? new Taught(new Answer(frame(mended)))
            : new Taught(new Answer(response), NoEdit);
}

/// <summary>A response or a refinement that a teacher gave.</summary>
/// <param name="Answer">What it said.</param>
/// <param name="LeftOut">Why it is not learnt, though it may be whole; null where it is.</param>
/// <param name="Ended">Whether only the beginning of what was said is left.</param>
/// <param name="Unedited">What rules edited into the answer; null where none did.</param>
internal sealed record Taught(
    Answer Answer, string? LeftOut = null, bool Ended = false, string? Unedited = null);

/// <summary>How whatever is no model of the run is asked.</summary>
internal static class TeacherCalls
{
    /// <summary>
    /// Asks a program, or takes its kept answer. Keys that begin with teacher/ are left out of the run's call count.
    /// </summary>
    /// <param name="session">What all calls of the run share.</param>
    /// <param name="key">The call's name, less teacher/.</param>
    /// <param name="asked">All that the answer depends on beside the seed.</param>
    /// <param name="ask">Asks with a seed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">There is no answer.</exception>
    public static Task<Answer> AskTeacherAsync(
        this CallSession session, string key, string asked, Func<ulong, CancellationToken, Task<Answer>> ask,
        CancellationToken cancellationToken) =>
        session.AskAsync($"teacher/{key}", asked, ask, cancellationToken);
}
