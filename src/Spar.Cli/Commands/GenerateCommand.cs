using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Judging;
using Spar.Templates;
using Spar.Search;
using Spar.Web.Text;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar generate</c>: one prompt, one decoding strategy.</summary>
internal static class GenerateCommand
{
    private const string Help = """
        Answers one prompt. The search strategies let the refiner judge the answer and repair it.

        Examples:
          spar generate "write a line about the sea. use exactly 6 words. end with the word crab."
          spar generate "write a line about the sea. make it sad." --strategy bfs --explain
          spar generate "write a line about the sky." --model runs/quickstart/checkpoints/actor-3 --refiner runs/quickstart/checkpoints/refiner-3 --strategy dfs
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> prompt = new("prompt") { Description = "the instruction" };
        Option<string> model = new("--model", "-m") { Description = "checkpoint folder or GGUF file of the actor", DefaultValueFactory = _ => "models/nano" };
        Option<string?> refiner = new("--refiner") { Description = "checkpoint folder or GGUF file of the refiner (default: the actor's)" };
        Option<string> strategy = new("--strategy", "-s") { Description = string.Join(", ", Strategies.Names), DefaultValueFactory = _ => "greedy" };
        strategy.AcceptOnlyFromAmong([.. Strategies.Names]);
        Option<string> prompts = new("--prompts") { Description = "prompt set: compact (nano model), full, or a folder", DefaultValueFactory = _ => "compact" };
        Option<int> samples = new("--samples", "-n") { Description = "responses of best-of-n; responses that restarts may begin from", DefaultValueFactory = _ => 5 };
        Option<int> votes = new("--votes") { Description = "judgements a response", DefaultValueFactory = _ => 5 };
        Option<ValuationMethod> valuation = new("--valuation") { Description = "how responses are valued: votes, adaptive (votes until the verdict is settled), probability (of yes, one call)" };
        Option<int> maxTokens = new("--max-tokens") { Description = "most tokens of one output", DefaultValueFactory = _ => 512 };
        Option<bool> explain = new("--explain") { Description = "show the responses that were weighed, the search tree, and what changed at each step" };
        Option<ulong> seed = Shared.Seed();
        Option<int> threads = Shared.Threads();
        foreach (Option<int> atLeastOne in new[] { samples, votes, maxTokens })
        {
            atLeastOne.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() >= 1, result, $"{atLeastOne.Name} must be at least 1"));
        }

        Command command = new("generate", Help) { prompt, model, refiner, strategy, prompts, samples, votes, valuation, maxTokens, seed, threads, explain };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string actorPath = parse.GetValue(model)!;
            string refinerPath = parse.GetValue(refiner) ?? actorPath;
            using IChatClient actor = await Shared.OpenAsync(actorPath, parse.GetValue(threads), cancellationToken);
            using IChatClient second = refinerPath == actorPath ? actor : await Shared.OpenAsync(refinerPath, parse.GetValue(threads), cancellationToken);
            using CallSession session = new(parse.GetValue(seed), concurrency: 64);
            int limit = parse.GetValue(maxTokens);
            DecodingSettings settings = new(
                new Sampling(0.9, 0.9, limit), new Sampling(0.7, 1, limit), new Sampling(0.7, 1, limit), parse.GetValue(votes), parse.GetValue(samples), new SearchSettings());
            Decoded decoded = await Strategies
                .Create(parse.GetValue(strategy)!, new ModelCaller(actor, session), new ModelCaller(second, session), TemplateSet.Load(parse.GetValue(prompts)!), settings,
                    new JudgingSettings { Valuation = parse.GetValue(valuation) })
                .DecodeAsync("generate", parse.GetValue(prompt)!, cancellationToken);
            if (parse.GetValue(explain))
            {
                Explain(context.Output, decoded, session);
            }

            context.Output.WriteLine(decoded.Response);
            return CommandLine.Success;
        });
        return command;
    }

    private static void Explain(IAnsiConsole console, Decoded decoded, CallSession session)
    {
        if (decoded.Tree is SearchTree tree)
        {
            console.Write(ToTree(tree));
            console.WriteLine($"search: {tree.Outcome.ToString().ToLowerInvariant()}, {tree.Nodes.Count} responses, {tree.Calls} model calls");
        }
        else
        {
            foreach (Candidate candidate in decoded.Candidates)
            {
                console.MarkupLine($"{(candidate.Response == decoded.Response ? "[green]*[/]" : " ")} {Value(candidate.Vote?.Value)} {Markup.Escape(candidate.Response)}");
            }
        }

        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{session.Calls} model calls, {session.OutputTokens} tokens"));
        console.WriteLine();
    }

    private static Tree ToTree(SearchTree search)
    {
        SearchNode root = search.Nodes[0];
        Tree tree = new($"{Value(root.Vote?.Value)} {Markup.Escape(root.Response)}");
        Dictionary<int, IHasTreeNodes> placed = new() { [root.Id] = tree };
        foreach (SearchNode node in search.Nodes.Skip(1))
        {
            string mark = node.Id == search.Found ? "[green]*[/] " : "";
            placed[node.Id] = placed[node.Parent!.Value].AddNode($"{mark}{Value(node.Vote?.Value)} {Changes(search.Node(node.Parent.Value).Response, node.Response)}");
        }

        return tree;
    }

    private static string Value(double? value) => value is double share ? string.Create(CultureInfo.InvariantCulture, $"[blue]{share:0.0}[/]") : "[grey] - [/]";

    // The refined response with what it added underlined, and behind it, struck out, what it dropped.
    private static string Changes(string before, string after)
    {
        WordDiff diff = WordDiff.Between(before, after);
        string text = string.Join(' ', diff.After.Select(word => word.Changed ? $"[green underline]{Markup.Escape(word.Text)}[/]" : Markup.Escape(word.Text)));
        string dropped = string.Join(' ', diff.Before.Where(word => word.Changed).Select(word => Markup.Escape(word.Text)));
        return dropped.Length == 0 ? text : $"{text} [red strikethrough]{dropped}[/]";
    }
}
