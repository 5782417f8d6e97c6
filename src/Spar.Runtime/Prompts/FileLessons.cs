using System.Globalization;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>
/// Files of lessons as a run's teacher. A lesson's place hangs on the seed and its text alone, and those with the first
/// places are taken, so that neither the layout nor the order of rows and files changes what is learnt. A lesson whose
/// prompt is near to one that the run's models are measured by is kept out.
/// </summary>
/// <param name="files">The files.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="measured">Prompts that models are measured by; asked for once, by <see cref="Open"/>.</param>
/// <param name="heldOut">Names what a text is held out for; null for one that may be learnt.</param>
/// <param name="checkFiles">Throws where a file is not what the run began with.</param>
public sealed class FileLessons(
    IReadOnlyList<string> files,
    ulong seed,
    Func<IEnumerable<MeasuredPrompt>> measured,
    Func<string, string?> heldOut,
    Action checkFiles
) : ILessonSource
{
    private const int BatchRows = 1024;

    /// <inheritdoc/>
    public IReadOnlyList<ReadyLesson> Responses { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<ReadyLesson> Refiner { get; private set; } = [];

    /// <summary>The prompts of the lessons that were taken; none before <see cref="Open"/>.</summary>
    public TaughtPrompts Taught { get; private set; } = new([], []);

    /// <inheritdoc/>
    public PromptsFound Open(int responses, int refiner, CancellationToken cancellationToken)
    {
        MeasuredPrompts keepAway = new(measured());
        Draw actor = new(responses, seed);
        Draw other = new(refiner, seed);
        HashSet<ulong> seen = [];
        List<PromptFile> read = [];
        List<KeptOutPrompt> away = [];
        long repeated = 0, keptOut = 0;
        foreach (string file in files.Distinct())
        {
            long rows = 0;
            foreach ((LessonRow lesson, string signature, NearMatch? near) in Look(file, keepAway, cancellationToken))
            {
                rows++;
                if (!seen.Add(StableHash.Of(signature)))
                {
                    repeated++;
                }
                else if (near is { } found)
                {
                    keptOut++;
                    if (away.Count < PromptsFound.MostListed)
                    {
                        string id = lesson.Row.Id ?? lesson.Lesson.Prompt.Id;
                        away.Add(new KeptOutPrompt(id, lesson.Row.Place, found.Prompt, found.Measure));
                    }
                }
                else
                {
                    (lesson.ForRefiner ? other : actor).Add(lesson, signature);
                }
            }

            read.Add(new PromptFile(file, rows));
        }

        checkFiles();
        LessonRow[] forActor = actor.Taken(), forRefiner = other.Taken();
        Responses = [.. forActor.Select(one => one.Lesson)];
        Refiner = [.. forRefiner.Select(one => one.Lesson)];
        LessonRow[] all = [.. forActor, .. forRefiner];
        Taught = new TaughtPrompts(
            [.. all.Where(one => one.Lesson.Asked is null).Select(one => one.Row).DistinctBy(row => row.Conversation)],
            all.Where(one => one.Lesson.Asked is not null).Select(one => one.Row.Id!)
        );
        Dictionary<string, long> dropped = [];
        Put("repeated", repeated);
        Put("kept out", keptOut);
        Put("not needed", actor.Unneeded + other.Unneeded);
        PromptsFound result = new(
            read,
            dropped,
            away,
            [Split("responses", responses, forActor), Split("judgements and refinements", refiner, forRefiner)]
        );
        return all.Length > 0 || responses + refiner == 0 ? result : throw new SparException(Nothing(result));

        void Put(string reason, long rows)
        {
            if (rows > 0)
            {
                dropped[reason] = rows;
            }
        }
    }

    // Looks at many rows side by side; they come in the file's order.
    private IEnumerable<(LessonRow Lesson, string Signature, NearMatch? Near)> Look(
        string file,
        MeasuredPrompts keepAway,
        CancellationToken cancellationToken
    ) =>
        LessonFile
            .Read(file)
            .Chunk(BatchRows)
            .SelectMany(batch =>
                batch
                    .AsParallel()
                    .AsOrdered()
                    .WithCancellation(cancellationToken)
                    .Select(lesson => (lesson, lesson.Signature, FindNear(lesson.Row, keepAway)))
                    .ToArray()
            );

    private NearMatch? FindNear(PromptRow row, MeasuredPrompts keepAway) =>
        heldOut(row.Text) is { } what ? new NearMatch(what, "the same text") : keepAway.FindNear(row);

    private static FoundSplit Split(string name, int wanted, LessonRow[] taken) =>
        new(name, wanted, taken.Length, $"{StableHash.Of(string.Join('\0', taken.Select(one => one.Signature))):x16}");

    private static string Nothing(PromptsFound found)
    {
        string dropped = string.Join(
            ", ",
            found.Dropped.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} {one.Value}"))
        );
        return $"{string.Join(", ", found.Files.Select(file => file.Path))}: no lesson is left of "
            + string.Create(CultureInfo.InvariantCulture, $"{found.Files.Sum(file => file.Rows)} rows ({dropped}). ")
            + "Give other lessons, or raise sft_prompts and refiner_prompts.";
    }

    // Holds the lessons with the first places, and no more of them than are wanted.
    private sealed class Draw(int count, ulong seed)
    {
        private readonly PriorityQueue<LessonRow, ulong> _first =
            new(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));

        public long Unneeded { get; private set; }

        public void Add(LessonRow lesson, string signature)
        {
            _first.Enqueue(lesson, StableHash.Seed(seed, signature));
            if (_first.Count > count)
            {
                _first.Dequeue();
                Unneeded++;
            }
        }

        public LessonRow[] Taken()
        {
            LessonRow[] ordered = new LessonRow[_first.Count];
            for (int i = ordered.Length - 1; i >= 0; i--)
            {
                ordered[i] = _first.Dequeue();
            }

            return ordered;
        }
    }
}
