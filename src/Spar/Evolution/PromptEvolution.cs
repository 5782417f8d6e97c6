using System.Globalization;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Evolution;

/// <summary>A seed prompt.</summary>
/// <param name="Id">Unique among the seeds.</param>
/// <param name="Text">The prompt.</param>
public sealed record SeedPrompt(string Id, string Text);

/// <summary>An evolved prompt with where it came from.</summary>
/// <param name="Id">The seed's id.</param>
/// <param name="Prompt">The evolved prompt.</param>
/// <param name="Seed">The seed's text.</param>
/// <param name="MainFamily">The main constraint's family.</param>
/// <param name="Families">All families that were asked for, the main one first.</param>
/// <param name="Constraints">What the teacher says it added.</param>
public sealed record EvolvedPrompt(
    string Id,
    string Prompt,
    string Seed,
    string MainFamily,
    IReadOnlyList<string> Families,
    IReadOnlyList<AddedConstraint> Constraints
);

/// <summary>What became of the seeds.</summary>
/// <param name="Prompts">The evolved prompts, in the seeds' order.</param>
/// <param name="Seeds">How many seeds there were.</param>
/// <param name="Declined">How many seeds the teacher declined, because constraints make no sense there.</param>
/// <param name="NearDuplicates">Evolved prompts that were too similar to an earlier one.</param>
/// <param name="Unparsed">Seeds whose outputs could not be read in any try, by the last reason.</param>
/// <param name="Failed">Seeds whose calls failed, with the first message; empty when none.</param>
/// <param name="MainFamilies">Evolved prompts by main family; every family of the taxonomy is there.</param>
/// <param name="Families">Evolved prompts by family, main or other.</param>
public sealed record EvolutionResult(
    IReadOnlyList<EvolvedPrompt> Prompts,
    int Seeds,
    int Declined,
    int NearDuplicates,
    IReadOnlyDictionary<string, int> Unparsed,
    IReadOnlyList<string> Failed,
    IReadOnlyDictionary<string, int> MainFamilies,
    IReadOnlyDictionary<string, int> Families
)
{
    /// <summary>The seeds that the teacher declined, in their order.</summary>
    public IReadOnlyList<DeclinedSeed> DeclinedSeeds { get; init; } = [];
}

/// <summary>A seed that a teacher declined.</summary>
/// <param name="Id">The seed's id.</param>
/// <param name="Seed">Its text.</param>
/// <param name="Reason">What the teacher wrote beside the mark; null where it wrote nothing.</param>
public sealed record DeclinedSeed(string Id, string Seed, string? Reason);

/// <summary>
/// Evolves seed prompts into complex instructions: one main constraint family and one to three others for each
/// (method: stage 1). Main families are dealt
/// out evenly; the teacher may decline; near-duplicates are dropped, the earlier prompt stays.
/// </summary>
/// <param name="taxonomy">The families.</param>
/// <param name="teacher">Writes the prompts.</param>
/// <param name="session">Bounds the calls in flight; its seed decides the families.</param>
/// <param name="similarity">
/// From which similarity on a prompt counts as a near-duplicate; see <see cref="NearDuplicates"/>.
/// </param>
public sealed class PromptEvolution(
    ConstraintTaxonomy taxonomy,
    IEvolutionTeacher teacher,
    CallSession session,
    double similarity
)
{
    /// <summary>Outputs that are asked for before a seed is given up as unreadable.</summary>
    public const int Tries = 3;

    /// <summary>Evolves all seeds.</summary>
    /// <param name="seeds">The seeds.</param>
    /// <param name="finished">Told when a seed is done; called from many threads.</param>
    /// <param name="cancellationToken">Gives up; what was answered is in the session's memo.</param>
    /// <exception cref="SparException">So many calls failed in a row that going on is pointless.</exception>
    public async Task<EvolutionResult> RunAsync(
        IReadOnlyList<SeedPrompt> seeds,
        Action finished,
        CancellationToken cancellationToken
    )
    {
        EvolutionTask[] tasks = Deal(seeds);
        (Evolved? Result, string? Failure)[] outcomes = await Crowd
            .EachAsync(
                tasks,
                session.Concurrency,
                (i, task, token) => EvolveAsync($"evolve/{seeds[i].Id}", task, token),
                (_, _) => finished(),
                cancellationToken
            )
            .ConfigureAwait(false);

        NearDuplicates known = new(similarity);
        List<EvolvedPrompt> prompts = [];
        int duplicates = 0;
        for (int i = 0; i < seeds.Count; i++)
        {
            if (outcomes[i].Result?.Prompt is not string prompt)
            {
                continue;
            }

            if (known.Add(prompt) is not null)
            {
                duplicates++;
                continue;
            }

            prompts.Add(
                new EvolvedPrompt(
                    seeds[i].Id,
                    prompt,
                    seeds[i].Text,
                    tasks[i].Main.Name,
                    [tasks[i].Main.Name, .. tasks[i].Others.Select(family => family.Name)],
                    outcomes[i].Result!.Constraints
                )
            );
        }

        return new EvolutionResult(
            prompts,
            seeds.Count,
            outcomes.Count(outcome => outcome.Result is { Declined: true }),
            duplicates,
            outcomes
                .Select(outcome => outcome.Result?.Unparsed)
                .OfType<string>()
                .CountBy(why => why)
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .ToDictionary(),
            [.. outcomes.Select(outcome => outcome.Failure).OfType<string>()],
            taxonomy.Families.ToDictionary(
                family => family.Name,
                family => prompts.Count(prompt => prompt.MainFamily == family.Name)
            ),
            taxonomy.Families.ToDictionary(
                family => family.Name,
                family => prompts.Count(prompt => prompt.Families.Contains(family.Name))
            )
        )
        {
            DeclinedSeeds =
            [
                .. seeds
                    .Zip(outcomes)
                    .Where(pair => pair.Second.Result is { Declined: true })
                    .Select(pair => new DeclinedSeed(pair.First.Id, pair.First.Text, pair.Second.Result!.Reason)),
            ],
        };
    }

    // Main families are drawn without replacement, round after round, so that they are balanced however many seeds
    // there are.
    private EvolutionTask[] Deal(IReadOnlyList<SeedPrompt> seeds)
    {
        SeededRandom random = new(session.SeedOf("evolve/families"));
        EvolutionTask[] tasks = new EvolutionTask[seeds.Count];
        List<ConstraintFamily> round = [];
        for (int i = 0; i < tasks.Length; i++)
        {
            if (round.Count == 0)
            {
                round = [.. taxonomy.Families];
            }

            int drawn = random.Next(round.Count);
            ConstraintFamily main = round[drawn];
            round.RemoveAt(drawn);
            int others = Math.Min(1 + random.Next(3), taxonomy.Families.Count - 1);
            tasks[i] = new EvolutionTask(
                seeds[i].Text,
                main,
                random.Choose([.. taxonomy.Families.Where(family => family != main)], others)
            );
        }

        return tasks;
    }

    private async Task<Evolved> EvolveAsync(string key, EvolutionTask task, CancellationToken cancellationToken)
    {
        EvolutionParser parser = new(taxonomy);
        for (int attempt = 0; ; attempt++)
        {
            Answer output = await teacher
                .EvolveAsync(
                    string.Create(CultureInfo.InvariantCulture, $"{key}/try{attempt}"),
                    task,
                    cancellationToken
                )
                .ConfigureAwait(false);
            Evolved evolved = parser.Parse(output);
            if (evolved.Unparsed is null || attempt == Tries - 1)
            {
                return evolved;
            }
        }
    }
}
