using Spar.Calls;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>Where AutoIF's checks come from, under the run's bound and memo.</summary>
internal abstract class CheckSource
{
    /// <summary>One sheet of a check and its cases.</summary>
    public abstract Task<string> WriteAsync(string key, string instruction, CancellationToken cancellationToken);

    /// <summary>A judgement of whether a check asks for what the instruction asks for.</summary>
    public abstract Task<string> ConfirmAsync(string key, string instruction, string check, CancellationToken cancellationToken);
}

/// <summary>Checks of a teacher. Keys that begin with teacher/ are left out of the run's call count.</summary>
internal sealed class TeacherChecks(ICheckWriter writer, CallSession session) : CheckSource
{
    public override Task<string> WriteAsync(string key, string instruction, CancellationToken cancellationToken) =>
        AskAsync(key, instruction, (seed, token) => writer.WriteAsync(instruction, seed, token), cancellationToken);

    public override Task<string> ConfirmAsync(string key, string instruction, string check, CancellationToken cancellationToken) =>
        AskAsync(key, $"{instruction}\0{check}", (seed, token) => writer.ConfirmAsync(instruction, check, seed, token), cancellationToken);

    private async Task<string> AskAsync(string key, string asked, Func<ulong, CancellationToken, Task<string>> ask, CancellationToken cancellationToken) =>
        (await session.AskAsync(
            $"teacher/{key}", asked, async (seed, token) => new Answer(await ask(seed, token).ConfigureAwait(false), 0, 0, null), cancellationToken)
            .ConfigureAwait(false)).Text;
}

/// <summary>Checks that a model writes, asked with the prompt set's templates.</summary>
internal sealed class ModelChecks(ModelCaller model, TemplateSet templates, Sampling sampling) : CheckSource
{
    private readonly PromptTemplate _write = templates.Require(TemplateSet.ChecksFile, "method autoif");
    private readonly PromptTemplate _confirm = templates.Require(TemplateSet.ConfirmFile, "method autoif");

    public override async Task<string> WriteAsync(string key, string instruction, CancellationToken cancellationToken) =>
        (await model.AskAsync(key, _write.Fill(_ => instruction), sampling, cancellationToken).ConfigureAwait(false)).Text;

    public override async Task<string> ConfirmAsync(string key, string instruction, string check, CancellationToken cancellationToken) =>
        (await model.AskAsync(key, _confirm.Fill(name => name == "instruction" ? instruction : check), sampling, cancellationToken).ConfigureAwait(false)).Text;
}
