using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Calls;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evolution;
using Spar.Ground;
using Spar.Runtime.Models;
using Spar.Runtime.Nano;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar evolve</c>: seed prompts into complex instructions.</summary>
internal static class EvolveCommand
{
    private const string NanoTeacher = "nano";

    private const string Help = """
        Evolves seed prompts into complex instructions. A teacher adds one constraint of a main family and one to three of others, along a taxonomy of
        constraint families (the built-in one has the method's 14; --print-taxonomy shows it, --taxonomy takes an edited copy). Seeds that the teacher declines
        are counted, near-duplicates (Jaccard similarity of word trigrams) dropped. Seeds are prompts in any layout that runs take.

        With --verifiable no model is needed: constraints that can be checked by rule are added to the seeds, or to built-in requests. The prompts have
        the layout of IFEval, so they serve as judging.constraint_file of a recipe and as data of "spar eval ifeval".

        Examples:
          spar evolve --verifiable --count 2000 --constraints 1-8 \
            --avoid PROMPTS.jsonl --output verifiable
          spar evolve SEEDS.jsonl --output evolved \
            --teacher http://localhost:8000/v1#NAME
          echo '{"prompt": "write a line about the sea."}' | spar evolve - \
            --teacher nano --taxonomy recipes/nano-taxonomy.json --output evolved
          spar evolve --print-taxonomy > taxonomy.json
        """;

    public static Command Create(CommandContext context)
    {
        ModelOptions teacher = new(
            "teacher",
            $"who writes the prompts (or \"{NanoTeacher}\": the nano world's program)"
        );
        Argument<string?> seeds = Options.OptionalArgument(
            "seeds",
            "seed prompts: JSONL, JSON, CSV, TSV, Parquet, text; - reads standard input"
        );
        Option<string> output = Shared.Output(
            "folder for prompts.jsonl, summary.json and the answers; run again, only what is missing is asked",
            "evolved"
        );
        Option<string?> taxonomy = Options.OptionalText(
            "--taxonomy",
            "taxonomy file (default: the built-in one)",
            "file"
        );
        Option<string?> template = Options.OptionalText(
            "--template",
            "prompt template with {seed}, {main} and {others} (default: the built-in one)",
            "file"
        );
        Option<double> similarity = Options.Number(
            "--similarity",
            "from which similarity on a prompt is a near-duplicate of an earlier one",
            0.7,
            0,
            1,
            leastIncluded: false
        );
        Option<double> temperature = Options.Temperature(0.7, "the teacher");
        Option<int> maxTokens = Options.MaxTokens(2048);
        Option<int> concurrency = Options.Concurrency();
        Option<bool> print = Options.Flag("--print-taxonomy", "print the built-in taxonomy and end");
        Option<bool> json = Shared.Json("print summary.json instead of a table");
        Option<ulong> seed = Options.Seed();
        Option<int> threads = Options.Threads();
        VerifiableEvolution verifiable = new();
        Command command = new ResumableCommand("evolve", Help) { seeds };
        teacher.AddTo(command);
        Option[] others =
        [
            output,
            taxonomy,
            template,
            similarity,
            temperature,
            maxTokens,
            concurrency,
            seed,
            threads,
            print,
            json,
        ];
        foreach (Option option in others.Concat(verifiable.All))
        {
            command.Add(option);
        }

        command.SetAction(
            async (parse, cancellationToken) =>
            {
                if (parse.GetValue(print))
                {
                    context.Print(ConstraintTaxonomy.BuiltInText());
                    return ExitCode.Success;
                }

                if (verifiable.IsAskedFor(parse))
                {
                    IReadOnlyList<string> requests = parse.GetValue(seeds) is string named
                        ? [.. ReadSeeds(named, context).Select(one => one.Text)]
                        : [];
                    return verifiable.Run(
                        parse,
                        requests,
                        parse.GetValue(output)!,
                        parse.GetValue(seed),
                        parse.GetValue(json),
                        context,
                        cancellationToken
                    );
                }

                string file =
                    parse.GetValue(seeds)
                    ?? throw new SparException("There is nothing to evolve: give a file of seed prompts.");
                IReadOnlyList<SeedPrompt> given = ReadSeeds(file, context);
                ConstraintTaxonomy families = parse.GetValue(taxonomy) is string path
                    ? ConstraintTaxonomy.Load(ShippedFiles.Resolve(path))
                    : ConstraintTaxonomy.BuiltIn;
                Spar.Templates.PromptTemplate asked = ModelEvolutionTeacher.Template(parse.GetValue(template));
                string who =
                    parse.GetValue(teacher.Model)
                    ?? throw new SparException($"Say who writes the prompts: --teacher, a model or \"{NanoTeacher}\".");
                Sampling sampling = new(parse.GetValue(temperature), 1, parse.GetValue(maxTokens));
                string folder = parse.GetValue(output)!;
                using RunStore store = RunStore.Open(
                    folder,
                    new RunIdentity(
                        new Dictionary<string, string>
                        {
                            ["command"] = "evolve",
                            ["seed"] = parse.GetValue(seed).ToString(CultureInfo.InvariantCulture),
                            ["seeds"] = $"{StableHash.Of(string.Join('\0', given)):x16}",
                            ["taxonomy"] = families.Digest,
                            ["template"] = $"{StableHash.Of(asked.ToString()!):x16}",
                            ["teacher"] = $"{NameOf(who)}  {sampling}",
                            ["similarity"] = parse.GetValue(similarity).ToString(CultureInfo.InvariantCulture),
                        }
                    ),
                    context.Time
                );
                using ProgressLine progress = new(context);
                using CallSession session = new(parse.GetValue(seed), parse.GetValue(concurrency), store);
                EvaluationModel? model =
                    who == NanoTeacher
                        ? null
                        : await teacher.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken);
                using IDisposable? client = model?.Client;
                IEvolutionTeacher writer = model is null
                    ? new NanoEvolutionTeacher(parse.GetValue(seed))
                    : new ModelEvolutionTeacher(new ModelCaller(model.Client, session), asked, sampling);
                progress.Begin("evolve", given.Count);
                EvolutionResult result = await new PromptEvolution(
                    families,
                    writer,
                    session,
                    parse.GetValue(similarity)
                ).RunAsync(given, () => progress.Advance(), cancellationToken);
                progress.End();
                AtomicFile.WriteLines(
                    Path.Combine(folder, "prompts.jsonl"),
                    result.Prompts.Select(prompt => JsonSerializer.Serialize(prompt, JsonSettings.Compact))
                );
                string summary = JsonSerializer.Serialize(result with { Prompts = [] }, JsonSettings.Readable);
                AtomicFile.WriteText(Path.Combine(folder, "summary.json"), summary + "\n");
                if (parse.GetValue(json))
                {
                    context.Print(summary + "\n");
                }
                else
                {
                    Show(context.Output, result);
                }

                context.Say($"{result.Prompts.Count} prompts are in {Path.Combine(folder, "prompts.jsonl")}.");
                return result.Prompts.Count > 0
                    ? ExitCode.Success
                    : throw new SparException("No seed became a prompt; the counts above say why.");
            }
        );
        return command;
    }

    // What is evolved is the whole prompt, the conversation that it comes at the end of with it.
    private static IReadOnlyList<SeedPrompt> ReadSeeds(string file, CommandContext context) =>
        [
            .. PromptFile
                .Many(file, context, named: "seed-")
                .Select(prompt => new SeedPrompt(prompt.Id, prompt.Instruction)),
        ];

    private static void Show(IAnsiConsole console, EvolutionResult result)
    {
        Figures table = new Figures().Column("family").Column("as main", right: true).Column("in all", right: true);
        foreach ((string family, int count) in result.MainFamilies)
        {
            table.Row(
                family,
                count.ToString(CultureInfo.InvariantCulture),
                result.Families[family].ToString(CultureInfo.InvariantCulture)
            );
        }

        table.WriteTo(console);
        console.WriteLine(
            $"{result.Seeds} seeds: {result.Prompts.Count} evolved, {result.Declined} declined, "
                + $"{result.NearDuplicates} near-duplicates, "
                + $"{result.Unparsed.Values.Sum()} unreadable, {result.Failed.Count} failed"
        );
        foreach (DeclinedSeed declined in result.DeclinedSeeds.Take(3))
        {
            console.WriteLine(
                $"declined: {declined.Id}{(declined.Reason is null ? "" : $": {declined.Reason.ReplaceLineEndings(" ")}")}"
            );
        }

        if (result.Declined > 3)
        {
            console.WriteLine($"declined: {result.Declined - 3} more; summary.json has them all");
        }

        foreach ((string why, int count) in result.Unparsed)
        {
            console.WriteLine($"unreadable, {why}: {count}");
        }

        if (result.Failed.Count > 0)
        {
            console.WriteLine($"first failure: {result.Failed[0]}");
        }
    }

    // A served model is the same on whatever host.
    private static string NameOf(string model) =>
        ModelReference.IsServed(model) ? ModelReference.Resolve(model).ServedName ?? model : model;
}
