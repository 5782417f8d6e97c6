using System.Collections.Concurrent;

namespace Spar.Calls;

/// <summary>
/// Keeps the answers of this session in memory too, so that parts of it that ask the same calls, by key and prompt,
/// share them. A run store alone
/// remembers earlier sessions' answers only, for a run asks nothing twice.
/// </summary>
/// <param name="kept">Where answers outlive the session; null keeps them in memory alone.</param>
public sealed class SharedMemo(ICallMemo? kept = null) : ICallMemo
{
    private readonly ConcurrentDictionary<(string Key, ulong PromptHash), Answer> _answers = new();

    /// <inheritdoc/>
    public Answer? Find(string key, ulong promptHash) =>
        _answers.GetValueOrDefault((key, promptHash)) ?? kept?.Find(key, promptHash);

    /// <inheritdoc/>
    public void Keep(string key, ulong promptHash, Answer answer)
    {
        _answers[(key, promptHash)] = answer;
        kept?.Keep(key, promptHash, answer);
    }
}
