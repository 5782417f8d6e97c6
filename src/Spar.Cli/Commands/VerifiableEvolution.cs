using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation.Synthesis;

namespace Spar.Cli.Commands;

/// <summary>
/// The part of <c>spar evolve</c> that needs no model: prompts whose constraints can all be checked by rule.
/// </summary>
internal sealed class VerifiableEvolution
{
    private readonly Option<bool> _verifiable = Options.Flag(
        "--verifiable",
        "without a model: add constraints that can be checked by rule; each prompt with an answer that follows them"
    );

    private readonly Option<int?> _count = Options.OptionalCount(
        "--count",
        "prompts to make (--verifiable; 2000)",
        most: 1_000_000,
        aliases: "-n"
    );
    private readonly Option<(int Least, int Most)?> _constraints = Options.Range(
        "--constraints",
        "constraints of a prompt (--verifiable; 1-5)",
        1,
        15
    );

    private readonly Option<(int Least, int Most)?> _hardness = Options.Range(
        "--hardness",
        "hardness of constraints: 1 one place, 2 counting, 3 every word (--verifiable; 1-3)",
        1,
        3
    );

    private readonly Option<string[]> _families = Options.Texts(
        "--families",
        "sets (ifeval, iftrain, ifbench), families or instruction ids to use (--verifiable; all but ifbench's, "
            + "which stay unseen unless named here)",
        "name"
    );

    private readonly Option<string[]> _heldOut = Options.Texts(
        "--held-out",
        "the same, not to be used (--verifiable)",
        "name"
    );
    private readonly Option<string[]> _avoid = Options.Texts(
        "--avoid",
        $"files of prompts, such as a benchmark's: none may share {NearPrompts.RunLength} words in a row with one "
            + "(--verifiable)",
        "file"
    );

    /// <summary>The options.</summary>
    public IEnumerable<Option> All => [_verifiable, _count, _constraints, _hardness, _families, _heldOut, _avoid];

    /// <summary>Whether it was asked for.</summary>
    /// <exception cref="SparException">It was not, but an option of it was given.</exception>
    public bool IsAskedFor(ParseResult parse)
    {
        bool asked = parse.GetValue(_verifiable);
        Option? stray = All.Skip(1).FirstOrDefault(option => parse.GetResult(option) is { Implicit: false });
        return asked || stray is null
            ? asked
            : throw new SparException($"{stray.Name} goes with --verifiable; add it, or leave {stray.Name} out.");
    }

    /// <summary>Makes the prompts and writes them.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="requests">Requests to add constraints to; empty for the built-in ones.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="seed">Decides every choice.</param>
    /// <param name="json">Whether the summary is printed instead of a table.</param>
    /// <param name="context">What to write to.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public int Run(
        ParseResult parse,
        IReadOnlyList<string> requests,
        string folder,
        ulong seed,
        bool json,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        SynthesisOptions preset = new();
        (int Least, int Most) constraints =
            parse.GetValue(_constraints) ?? (preset.LeastConstraints, preset.MostConstraints);
        (int Least, int Most) hardness = parse.GetValue(_hardness) ?? (preset.LeastHardness, preset.MostHardness);
        SynthesisOptions options = preset with
        {
            Count = parse.GetValue(_count) ?? preset.Count,
            LeastConstraints = constraints.Least,
            MostConstraints = constraints.Most,
            LeastHardness = hardness.Least,
            MostHardness = hardness.Most,
            Include = parse.GetValue(_families) ?? [],
            Exclude = parse.GetValue(_heldOut) ?? [],
            Seed = seed,
        };
        NearPrompts avoided = new();
        foreach (string file in parse.GetValue(_avoid) ?? [])
        {
            avoided.AddFile(file);
        }

        Shared.MakeFolder(folder);
        using ProgressLine progress = new(context);
        progress.Begin("evolve", options.Count);
        int made = 0;
        SynthesisResult result = new PromptSynthesizer(options, requests, avoided).Run(
            now =>
            {
                progress.Advance(now - made);
                made = now;
            },
            cancellationToken
        );
        progress.End();
        string summary = SynthesisFiles.Write(folder, result);
        if (json)
        {
            context.Print(summary);
        }
        else
        {
            Show(SynthesisSummary.Of(result), context);
        }

        context.Say(
            $"{result.Prompts.Count} prompts are in {Path.Combine(folder, SynthesisFiles.Prompts)}, "
                + $"an answer that follows each is in {SynthesisFiles.Examples}."
        );
        return ExitCode.Success;
    }

    private static void Show(SynthesisSummary summary, CommandContext context)
    {
        Figures families = new Figures()
            .Column("family")
            .Column("hardness 1", right: true)
            .Column("2", right: true)
            .Column("3", right: true)
            .Column("constraints", right: true);
        foreach ((string family, FamilyCount count) in summary.Families)
        {
            families.Row(family, Text(count.Easy), Text(count.Medium), Text(count.Hard), Text(count.All));
        }

        FamilyCount[] all = [.. summary.Families.Values];
        FamilyCount sum = new(all.Sum(c => c.Easy), all.Sum(c => c.Medium), all.Sum(c => c.Hard));
        families.Row("all", Text(sum.Easy), Text(sum.Medium), Text(sum.Hard), Text(sum.All));
        families.WriteTo(context.Output);
        Figures sizes = new Figures().Column("constraints of a prompt").Column("prompts", right: true);
        foreach ((int size, int count) in summary.Sizes)
        {
            sizes.Row(Text(size), Text(count));
        }

        sizes.WriteTo(context.Output);
        context.Say(
            $"Dropped: {summary.Near} near a prompt to be avoided, {summary.Repeated} repeated, "
                + $"{summary.TooFew} with too few constraints that go together."
        );
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
