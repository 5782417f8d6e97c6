using Spar.Ground;

namespace Spar.Runtime.Trainers;

/// <summary>How a training outside of this process went wrong.</summary>
public enum TrainingFaultKind
{
    /// <summary>The trainer ended with a fault of its own; its last words say which.</summary>
    Failed,

    /// <summary>It took more memory, of the device or of the machine, than there is.</summary>
    OutOfMemory,

    /// <summary>It wrote nothing for as long as the recipe's patience lasts.</summary>
    Silent,

    /// <summary>It left rows out that it was given.</summary>
    RowsDropped,

    /// <summary>It ended well, and its checkpoint is not whole.</summary>
    CheckpointBroken,

    /// <summary>There is no such program.</summary>
    CommandMissing,

    /// <summary>The launcher ended it: its time was over, somebody cancelled it, or its machine failed.</summary>
    Ended,

    /// <summary>A row cannot be learnt by this trainer.</summary>
    RowUnfit,
}

/// <summary>A training outside of this process that went wrong; what it left is kept, and the same command goes on.</summary>
/// <param name="kind">How.</param>
/// <param name="message">What is wrong and where.</param>
/// <param name="remedy">What to do.</param>
public sealed class TrainingFaultException(TrainingFaultKind kind, string message, string remedy)
    : UserFaultException(message, remedy)
{
    /// <summary>How it went wrong.</summary>
    public TrainingFaultKind Kind { get; } = kind;

    /// <summary>Whether another try may end better without any change.</summary>
    internal bool MayPass { get; init; }
}
