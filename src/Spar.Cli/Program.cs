using System.CommandLine;

var root = new RootCommand("Self-play with tree-search refinement for instruction following.");
return await root.Parse(args).InvokeAsync();
