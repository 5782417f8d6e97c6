using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>A play stage that is to be played by other processes.</summary>
/// <param name="Iteration">1 and up.</param>
/// <param name="Stage">The stage's name.</param>
/// <param name="Items">Its prompts.</param>
/// <param name="Open">Numbers of the items that the run's store does not have whole; asks the store each time.</param>
public sealed record OpenPlay(int Iteration, string Stage, int Items, Func<IReadOnlyList<int>> Open);

/// <summary>
/// Has a stage played by other processes, such as the shards of an array, and takes what they made into the run's store.
/// What it leaves open is played in this process.
/// </summary>
public interface IPlayElsewhere
{
    /// <summary>Plays what is open.</summary>
    /// <param name="play">The stage.</param>
    /// <param name="store">The run's store.</param>
    /// <param name="played">Is told how many of the items that were open are played so far, as far as that is known.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="Ground.UserFaultException">It could not be played; the message says why.</exception>
    Task PlayAsync(OpenPlay play, RunStore store, Action<int> played, CancellationToken cancellationToken);
}
