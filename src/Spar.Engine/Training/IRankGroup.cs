namespace Spar.Engine.Training;

/// <summary>
/// Processes, called ranks, that train one model together: each has the whole model, and takes part of the work of every
/// step. Messages of one tag between two ranks arrive in the order in which they were sent. All members are for one thread
/// at a time. Knows nothing of what is sent.
/// </summary>
public interface IRankGroup
{
    /// <summary>Which rank this process is, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are, at least 1.</summary>
    int Count { get; }

    /// <summary>Begins to send floats; they must stay as they are until the message is gone.</summary>
    /// <param name="rank">To whom; another rank than this.</param>
    /// <param name="tag">What it is, 0 to 32,767; whoever receives it asks for the same.</param>
    /// <param name="data">The first, in memory that does not move.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <returns>What <see cref="IsDone"/> and <see cref="Wait"/> are asked about.</returns>
    long BeginSend(int rank, int tag, nint data, int count);

    /// <summary>Begins to receive floats; nobody may touch them until they are here.</summary>
    /// <param name="rank">From whom; another rank than this.</param>
    /// <param name="tag">What it was sent as.</param>
    /// <param name="data">Where the first goes, in memory that does not move.</param>
    /// <param name="count">How many are sent, at least 1.</param>
    /// <returns>What <see cref="IsDone"/> and <see cref="Wait"/> are asked about.</returns>
    long BeginReceive(int rank, int tag, nint data, int count);

    /// <summary>Whether a message is gone or here; carries on with the others too.</summary>
    /// <param name="transfer">From <see cref="BeginSend"/> or <see cref="BeginReceive"/>.</param>
    bool IsDone(long transfer);

    /// <summary>Waits until a message is gone or here.</summary>
    /// <param name="transfer">From <see cref="BeginSend"/> or <see cref="BeginReceive"/>.</param>
    void Wait(long transfer);

    /// <summary>Gives every rank what one of them has. All ranks call it, in the same order.</summary>
    /// <param name="rank">Whose.</param>
    /// <param name="data">What is given, or where it goes; of the same length everywhere.</param>
    void Broadcast(int rank, Span<byte> data);

    /// <summary>Whether it is so for any rank. All ranks call it, in the same order.</summary>
    /// <param name="here">Whether it is for this one.</param>
    bool Any(bool here);
}
