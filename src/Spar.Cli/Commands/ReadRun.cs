using Spar.Cli.Console;
using Spar.Ground;
using Spar.Store;

namespace Spar.Cli.Commands;

/// <summary>Reads run directories for commands that change nothing in them.</summary>
internal static class ReadRun
{
    /// <summary>Opens a run for reading and takes something from it.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="context">The clock, for a trace.</param>
    /// <param name="take">Reads; the store is closed afterwards.</param>
    /// <exception cref="UserFaultException">There is no run, or what its store holds contradicts itself.</exception>
    public static async Task<T> OfAsync<T>(string directory, CommandContext context, Func<RunStore, Task<T>> take)
    {
        using RunStore store = RunStore.OpenForReading(directory);
        try
        {
            return await take(store);
        }
        catch (Exception fault) when (Faults.Message(fault) is null && fault is not OperationCanceledException)
        {
            // The store's own structure and its JSON are whole, or the store would have said so; then a number or a
            // name in it is not what was written.
            throw new UserFaultException(
                $"The run in {directory} cannot be read: its run.db seems to be damaged ({fault.GetType().Name}).",
                $"Restore it from a copy. {Faults.Trace(fault, context.Time)}", fault);
        }
    }
}
