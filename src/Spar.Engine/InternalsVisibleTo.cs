using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Spar.Engine.Tests")]
[assembly: InternalsVisibleTo("Spar.Bench")]
