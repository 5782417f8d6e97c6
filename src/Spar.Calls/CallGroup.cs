using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Calls that ask the same and differ in their seeds alone, such as the votes on a response: a server that gives
/// several answers to one request (<c>n</c>) can be asked for all of them at once. Each of them stays a call with a
/// name and a kept answer of its own.
/// </summary>
/// <param name="seeds">The calls' seeds, in their order; at least two.</param>
public sealed class CallGroup(IReadOnlyList<long> seeds)
{
    private readonly Lock _gate = new();
    private Task<IReadOnlyList<ChatResponse?>>? _asked;
    private int _served;

    /// <summary>The calls' seeds, in their order.</summary>
    public IReadOnlyList<long> Seeds { get; } = seeds;

    /// <summary>The request for all of them, made by whichever call comes first.</summary>
    internal Task<IReadOnlyList<ChatResponse?>> AskOnce(Func<Task<IReadOnlyList<ChatResponse?>>> ask)
    {
        lock (_gate)
        {
            return _asked ??= ask();
        }
    }

    /// <summary>Counts a call that was answered by the request; true for all but the first of them.</summary>
    internal bool ServedAnother() => Interlocked.Increment(ref _served) > 1;
}

/// <summary>A call's place in its group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Place">Which of the calls it is, from 0.</param>
public sealed record GroupPlace(CallGroup Group, int Place);
