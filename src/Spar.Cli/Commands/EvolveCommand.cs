using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Evaluation.Harness;
using Spar.Evolution;
using Spar.Runtime.Nano;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar evolve</c>: seed prompts into complex instructions.</summary>
internal static class EvolveCommand
{
    private const string NanoTeacher = "nano";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Help = """
        Evolves seed prompts into complex instructions: a teacher adds one constraint of a main family and one to three of others, along a taxonomy of
        constraint families (the built-in one has the method's 14; --print-taxonomy shows it, --taxonomy takes an edited copy). Seeds that the teacher declines
        are counted, near-duplicates (Jaccard similarity of word trigrams) dropped. Seeds are JSON lines with prompt and, optionally, id.

        Examples:
          spar evolve seeds.jsonl --teacher gpt-4o --teacher-endpoint https://api.openai.com/v1 --output evolved
          spar evolve seeds.jsonl --teacher nano --taxonomy recipes/nano-taxonomy.json --output evolved
          spar evolve --print-taxonomy > taxonomy.json
        """;

    public static Command Create(CommandContext context)
    {
        ModelOptions teacher = new("teacher", $"who writes the prompts (or \"{NanoTeacher}\": the nano world's program)");
        Argument<string?> seeds = new("seeds") { Description = "seed prompts, JSON lines", Arity = ArgumentArity.ZeroOrOne };
        Option<string> output = new("--output", "-o") { Description = "folder for prompts.jsonl, summary.json and the answers; run again, only what is missing is asked", DefaultValueFactory = _ => "evolved" };
        Option<string?> taxonomy = new("--taxonomy") { Description = "taxonomy file (default: the built-in one)" };
        Option<string?> template = new("--template") { Description = "prompt template with {seed}, {main} and {others} (default: the built-in one)" };
        Option<double> similarity = new("--similarity") { Description = "from which similarity on a prompt is a near-duplicate of an earlier one", DefaultValueFactory = _ => 0.7 };
        similarity.Validators.Add(result => Shared.Check(result.GetValueOrDefault<double>() is > 0 and <= 1, result, "--similarity must be above 0 and at most 1"));
        Option<double> temperature = new("--temperature", "-t") { Description = "of the teacher", DefaultValueFactory = _ => 0.7 };
        Option<int> maxTokens = new("--max-tokens") { Description = "most tokens of one output", DefaultValueFactory = _ => 2048 };
        Option<int> concurrency = new("--concurrency") { Description = "most calls in flight", DefaultValueFactory = _ => 32 };
        foreach (Option<int> atLeastOne in new[] { maxTokens, concurrency })
        {
            atLeastOne.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() >= 1, result, $"{atLeastOne.Name} must be at least 1"));
        }

        Option<bool> print = new("--print-taxonomy") { Description = "print the built-in taxonomy and end" };
        Option<bool> json = new("--json") { Description = "print summary.json instead of a table" };
        Option<ulong> seed = Shared.Seed();
        Option<int> threads = Shared.Threads();
        Command command = new("evolve", Help) { seeds };
        teacher.AddTo(command);
        foreach (Option option in new Option[] { output, taxonomy, template, similarity, temperature, maxTokens, concurrency, seed, threads, print, json })
        {
            command.Add(option);
        }

        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(print))
            {
                context.Output.Profile.Out.Writer.Write(ConstraintTaxonomy.BuiltInText());
                return CommandLine.Success;
            }

            string file = parse.GetValue(seeds) ?? throw new SparException("There is nothing to evolve: give a file of seed prompts.");
            IReadOnlyList<SeedPrompt> given = ReadSeeds(file);
            ConstraintTaxonomy families = parse.GetValue(taxonomy) is string path ? ConstraintTaxonomy.Load(path) : ConstraintTaxonomy.BuiltIn;
            Spar.Templates.PromptTemplate asked = ModelEvolutionTeacher.Template(parse.GetValue(template));
            string who = parse.GetValue(teacher.Model) ?? throw new SparException($"Say who writes the prompts: --teacher, a model or \"{NanoTeacher}\".");
            Sampling sampling = new(parse.GetValue(temperature), 1, parse.GetValue(maxTokens));
            string folder = parse.GetValue(output)!;
            using RunStore store = RunStore.Open(
                folder,
                new RunIdentity(new Dictionary<string, string>
                {
                    ["command"] = "evolve",
                    ["seed"] = parse.GetValue(seed).ToString(CultureInfo.InvariantCulture),
                    ["seeds"] = $"{StableHash.Of(string.Join('\0', given)):x16}",
                    ["taxonomy"] = families.Digest,
                    ["template"] = $"{StableHash.Of(asked.ToString()!):x16}",
                    ["teacher"] = $"{who} {parse.GetValue(teacher.Endpoint)} {sampling}",
                    ["similarity"] = parse.GetValue(similarity).ToString(CultureInfo.InvariantCulture),
                }),
                context.Time);
            using CallSession session = new(parse.GetValue(seed), parse.GetValue(concurrency), store);
            EvaluationModel? model = who == NanoTeacher && parse.GetValue(teacher.Endpoint) is null
                ? null
                : await teacher.OpenAsync(parse, parse.GetValue(threads), cancellationToken);
            using IDisposable? client = model?.Client;
            IEvolutionTeacher writer = model is null
                ? new NanoEvolutionTeacher(parse.GetValue(seed))
                : new ModelEvolutionTeacher(new ModelCaller(model.Client, session), asked, sampling);
            using ProgressLine progress = new(context.Messages, context.Time);
            progress.Begin("evolve", given.Count);
            EvolutionResult result = await new PromptEvolution(families, writer, session, parse.GetValue(similarity)).RunAsync(given, () => progress.Advance(), cancellationToken);
            progress.End();
            File.WriteAllLines(Path.Combine(folder, "prompts.jsonl"), result.Prompts.Select(prompt => JsonSerializer.Serialize(prompt, s_json)));
            string summary = JsonSerializer.Serialize(result with { Prompts = [] }, new JsonSerializerOptions(s_json) { WriteIndented = true });
            File.WriteAllText(Path.Combine(folder, "summary.json"), summary + "\n");
            if (parse.GetValue(json))
            {
                context.Output.Profile.Out.Writer.WriteLine(summary);
            }
            else
            {
                Show(context.Output, result);
            }

            context.Messages.WriteLine($"{result.Prompts.Count} prompts are in {Path.Combine(folder, "prompts.jsonl")}.");
            return result.Prompts.Count > 0 ? CommandLine.Success : throw new SparException("No seed became a prompt; the counts above say why.");
        });
        return command;
    }

    private static IReadOnlyList<SeedPrompt> ReadSeeds(string file)
    {
        DataProblems problems = new();
        IReadOnlyList<SeedPrompt> seeds = DataFile.Read(
            file, problems, row => new SeedPrompt(row.OptionalText("id") ?? string.Create(CultureInfo.InvariantCulture, $"seed-{row.Line}"), row.Text("prompt")), ("id", seed => seed.Id));
        return seeds.Count > 0 ? seeds : throw new SparException($"{file} has no seed prompts.");
    }

    private static void Show(IAnsiConsole console, EvolutionResult result)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("family")
            .AddColumn(new TableColumn("as main").RightAligned()).AddColumn(new TableColumn("in all").RightAligned());
        foreach ((string family, int count) in result.MainFamilies)
        {
            table.AddRow(Markup.Escape(family), count.ToString(CultureInfo.InvariantCulture), result.Families[family].ToString(CultureInfo.InvariantCulture));
        }

        console.Write(table);
        console.WriteLine($"{result.Seeds} seeds: {result.Prompts.Count} evolved, {result.Declined} declined, {result.NearDuplicates} near-duplicates, "
            + $"{result.Unparsed.Values.Sum()} unreadable, {result.Failed.Count} failed");
        foreach ((string why, int count) in result.Unparsed)
        {
            console.WriteLine($"unreadable, {why}: {count}");
        }

        if (result.Failed.Count > 0)
        {
            console.WriteLine($"first failure: {result.Failed[0]}");
        }
    }
}
