using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Spar.Engine.Tests")]
