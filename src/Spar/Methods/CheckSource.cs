using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>Where AutoIF's checks come from, under the run's bound and memo.</summary>
internal abstract class CheckSource
{
    /// <summary>One sheet of a check and its cases.</summary>
    public abstract Task<Answer> WriteAsync(string key, string instruction, CancellationToken cancellationToken);

    /// <summary>A judgement of whether a check asks for what the instruction asks for.</summary>
    public abstract Task<Answer> ConfirmAsync(
        string key, string instruction, string check, CancellationToken cancellationToken);
}

/// <summary>Checks of a writer that is no model of the run.</summary>
internal sealed class TeacherChecks(ICheckWriter writer, CallSession session) : CheckSource
{
    public override Task<Answer> WriteAsync(
        string key, string instruction, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key, instruction, (seed, token) => writer.WriteAsync(instruction, seed, token), cancellationToken);

    public override Task<Answer> ConfirmAsync(
        string key, string instruction, string check, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key, $"{instruction}\0{check}", (seed, token) => writer.ConfirmAsync(instruction, check, seed, token),
            cancellationToken);
}

/// <summary>Checks that a model writes, asked with the prompt set's templates.</summary>
internal sealed class ModelChecks(ModelCaller model, TemplateSet templates, Sampling sampling) : CheckSource
{
    private readonly PromptTemplate _write = templates.Require(TemplateSet.ChecksFile, "method autoif");
    private readonly PromptTemplate _confirm = templates.Require(TemplateSet.ConfirmFile, "method autoif");

    public override Task<Answer> WriteAsync(
        string key, string instruction, CancellationToken cancellationToken) =>
        model.AskAsync(key, _write.Fill(_ => instruction), sampling, cancellationToken);

    public override Task<Answer> ConfirmAsync(
        string key, string instruction, string check, CancellationToken cancellationToken) =>
        model.AskAsync(
            key, _confirm.Fill(name => name == "instruction" ? instruction : check), sampling, cancellationToken);
}
