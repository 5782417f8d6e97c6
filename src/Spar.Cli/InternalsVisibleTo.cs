using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Spar.Cli.Tests")]
[assembly: InternalsVisibleTo("Spar.Browser.Tests")]
