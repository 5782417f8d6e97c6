using System.CommandLine;

namespace Spar.Cli.Arguments;

/// <summary>A command that keeps what it has done, so that the same command goes on where it was interrupted.</summary>
internal sealed class ResumableCommand(string name, string description) : Command(name, description);
