using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Spar.Cli.Tests")]
