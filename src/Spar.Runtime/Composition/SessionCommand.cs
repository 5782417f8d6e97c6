using System.Reflection;

namespace Spar.Runtime.Composition;

/// <summary>The command of the session that composes a run, so that others can be started which do a part of it.</summary>
/// <param name="Arguments">Its arguments, without the program and without what says how far it goes.</param>
/// <param name="Folder">The folder in which it was called, as a full path: the recipe's paths count from there.</param>
public sealed record SessionCommand(IReadOnlyList<string> Arguments, string Folder)
{
    /// <summary>The program that runs now: its own file, or dotnet with its assembly.</summary>
    public IReadOnlyList<string> Program { get; init; } = Running();

    private static string[] Running()
    {
        string process = Environment.ProcessPath ?? "spar";
        string? assembly = Assembly.GetEntryAssembly()?.GetName().Name;
        return Path.GetFileNameWithoutExtension(process) == "dotnet" && assembly is not null
            ? [process, Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")]
            : [process];
    }
}
