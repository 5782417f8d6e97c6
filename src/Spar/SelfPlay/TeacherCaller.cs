using Spar.Calls;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>The teacher under the same bound and memo as the models: no finished answer is asked for twice.</summary>
internal sealed class TeacherCaller(ITeacher teacher, CallSession session)
{
    public Task<string> RespondAsync(string key, string instruction, CancellationToken cancellationToken) =>
        AskAsync(key, instruction, (seed, token) => teacher.RespondAsync(instruction, seed, token), cancellationToken);

    public Task<string> JudgeAsync(string key, string instruction, string response, CancellationToken cancellationToken) =>
        AskAsync(key, $"{instruction}\0{response}", (seed, token) => teacher.JudgeAsync(instruction, response, seed, token), cancellationToken);

    public Task<string> RefineAsync(string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        AskAsync(
            key,
            $"{instruction}\0{response}\0{critique}",
            (seed, token) => teacher.RefineAsync(instruction, response, critique, seed, token),
            cancellationToken);

    private async Task<string> AskAsync(
        string key, string asked, Func<ulong, CancellationToken, Task<string>> ask, CancellationToken cancellationToken)
    {
        // Keys that begin with teacher/ are left out of the run's call count.
        Answer answer = await session.AskAsync(
            $"teacher/{key}", asked, async (seed, token) => new Answer(await ask(seed, token).ConfigureAwait(false), 0, 0, null), cancellationToken)
            .ConfigureAwait(false);
        return answer.Text;
    }
}
