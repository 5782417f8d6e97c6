namespace Spar.Calls;

/// <summary>Keeps the answers of finished calls, so that none is made twice. Used from many threads at once.</summary>
public interface ICallMemo
{
    /// <summary>
    /// The answer that was kept for a call; null when there is none, or when it was given to another prompt.
    /// </summary>
    /// <param name="key">The call's name.</param>
    /// <param name="promptHash">Hash of what was asked and how.</param>
    Answer? Find(string key, ulong promptHash);

    /// <summary>Keeps an answer.</summary>
    /// <param name="key">The call's name.</param>
    /// <param name="promptHash">Hash of what was asked and how.</param>
    /// <param name="answer">What came back.</param>
    void Keep(string key, ulong promptHash, Answer answer);
}
