using Spar.Calls;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>The teacher under the same bound and memo as the models: no finished answer is asked for twice.</summary>
internal sealed class TeacherCaller(ITeacher teacher, CallSession session)
{
    public Task<string> RespondAsync(string key, string instruction, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key, instruction, (seed, token) => teacher.RespondAsync(instruction, seed, token), cancellationToken);

    public Task<string> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key, $"{instruction}\0{response}", (seed, token) =>
                teacher.JudgeAsync(instruction, response, seed, token), cancellationToken);

    public Task<string> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        session.AskTeacherAsync(
            key,
            $"{instruction}\0{response}\0{critique}",
            (seed, token) => teacher.RefineAsync(instruction, response, critique, seed, token),
            cancellationToken);
}

/// <summary>How whatever is no model of the run is asked.</summary>
internal static class TeacherCalls
{
    /// <summary>
    /// Asks a teacher, or takes its kept answer. Keys that begin with teacher/ are left out of the run's call count.
    /// </summary>
    /// <param name="session">What all calls of the run share.</param>
    /// <param name="key">The call's name, less teacher/.</param>
    /// <param name="asked">All that the answer depends on beside the seed.</param>
    /// <param name="ask">Asks with a seed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">There is no answer.</exception>
    public static async Task<string> AskTeacherAsync(
        this CallSession session, string key, string asked, Func<ulong, CancellationToken, Task<string>> ask,
        CancellationToken cancellationToken)
    {
        Answer answer = await session.AskAsync(
            $"teacher/{key}", asked, async (seed, token) =>
                new Answer(await ask(seed, token).ConfigureAwait(false), 0, 0, null), cancellationToken)
            .ConfigureAwait(false);
        return answer.Text;
    }
}
