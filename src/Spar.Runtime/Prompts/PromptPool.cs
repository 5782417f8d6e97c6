using Spar.Evolution;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>What was found in files of prompts.</summary>
/// <param name="Rows">Rows read, by file.</param>
/// <param name="Repeated">Rows whose conversation an earlier row has.</param>
/// <param name="NearDuplicates">Rows that were too similar to one that was taken.</param>
/// <param name="KeptOut">Rows that are near to a prompt which models are measured by.</param>
/// <param name="Unneeded">Rows that were good and not needed.</param>
/// <param name="Near">The first of the rows that were kept out, with what they are near to.</param>
public sealed record PromptPoolReport(
    IReadOnlyDictionary<string, long> Rows,
    long Repeated,
    int NearDuplicates,
    long KeptOut,
    long Unneeded,
    IReadOnlyList<KeptOutPrompt> Near
)
{
    /// <summary>Rows whose conversation is that of a lesson.</summary>
    public long Taught { get; init; }
}

/// <summary>
/// The prompts of a run, drawn from files. Every conversation has a place that hangs on the seed and its text alone,
/// and the prompts with the first places are taken: so the draw depends neither on the layout nor on the order of rows
/// and files, more prompts can be drawn later without changing the first ones, and memory holds what is taken, not what
/// is read.
/// </summary>
public sealed class PromptPool
{
    // Room for near-duplicates among the first places.
    private const double Spare = 1.25;
    private const int LeastSpare = 64;

    // Rows that are worked on at once: as many, or as long in all.
    private const int BatchRows = 2048;
    private const int BatchCharacters = 4 << 20;

    private PromptPool(IReadOnlyList<PromptRow> prompts, PromptPoolReport report) =>
        (Prompts, Report) = (prompts, report);

    /// <summary>The prompts that were taken, in the order of their places.</summary>
    public IReadOnlyList<PromptRow> Prompts { get; }

    /// <summary>What was found.</summary>
    public PromptPoolReport Report { get; }

    /// <summary>Reads files and draws prompts, as the other form does, with nothing taught before.</summary>
    /// <param name="files">The files.</param>
    /// <param name="count">How many prompts are wanted, at least 1.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="similarity">From which similarity on a prompt is left out.</param>
    /// <param name="keepAway">Keeps rows out that are near to some prompts; null takes all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">As for the other form.</exception>
    public static PromptPool Draw(
        IReadOnlyList<string> files,
        int count,
        ulong seed,
        double similarity,
        MeasuredPrompts? keepAway,
        CancellationToken cancellationToken
    ) => Draw(files, count, seed, similarity, keepAway, null, cancellationToken);

    /// <summary>Reads files and draws prompts.</summary>
    /// <param name="files">The files, in any layout that <see cref="PromptRow"/> can be read from.</param>
    /// <param name="count">How many prompts are wanted, at least 1; fewer come back when there are no more.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="similarity">
    /// From which similarity on (see <see cref="NearDuplicates"/>) a prompt is left out, above 0 and at most 1.
    /// </param>
    /// <param name="keepAway">Keeps rows out that are near to some prompts; null takes all.</param>
    /// <param name="taught">Lessons that no prompt may be, or be nearly; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">
    /// A file or row cannot be read, a row has no prompt, or two rows of a file have the same id.
    /// </exception>
    public static PromptPool Draw(
        IReadOnlyList<string> files,
        int count,
        ulong seed,
        double similarity,
        MeasuredPrompts? keepAway,
        TaughtPrompts? taught,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        for (double room = Math.Max(count * Spare, count + (double)LeastSpare); ; room *= 4)
        {
            // Only where near-duplicates take up the spare room are the files read once more.
            PromptPool pool = Draw(
                files,
                count,
                (int)Math.Min(int.MaxValue, room),
                seed,
                similarity,
                keepAway,
                taught,
                cancellationToken
            );
            if (pool.Prompts.Count == count || pool.Report.Unneeded == 0)
            {
                return pool;
            }
        }
    }

    private static PromptPool Draw(
        IReadOnlyList<string> files,
        int count,
        int room,
        ulong seed,
        double similarity,
        MeasuredPrompts? keepAway,
        TaughtPrompts? taught,
        CancellationToken cancellationToken
    )
    {
        PriorityQueue<PromptRow, ulong> first = new(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));
        HashSet<ulong> seen = [];
        Dictionary<string, long> rows = [];
        long repeated = 0;
        long good = 0;
        long keptOut = 0;
        long learnt = 0;
        List<KeptOutPrompt> near = [];
        foreach (string file in files)
        {
            rows[file] = 0;
            foreach (List<PromptRow> batch in Batches(file, cancellationToken))
            {
                rows[file] += batch.Count;

                // The work is shared out row by row, and what comes of it is taken in the rows' order.
                ParallelOptions options = new() { CancellationToken = cancellationToken };
                (ulong Text, ulong Place)[] names = new (ulong, ulong)[batch.Count];
                Parallel.For(0, batch.Count, options, i =>
                {
                    string same = PlainWords.Joined(batch[i].Conversation);
                    names[i] = (StableHash.Of(same), StableHash.Seed(seed, same));
                });
                bool[] fresh = [.. names.Select(name => seen.Add(name.Text))];
                NearMatch?[] found = new NearMatch?[batch.Count];
                if (keepAway is { Count: > 0 })
                {
                    Parallel.For(0, batch.Count, options, i =>
                        found[i] = fresh[i] ? keepAway.FindNear(batch[i]) : null);
                }

                foreach ((int i, PromptRow row) in batch.Index())
                {
                    if (!fresh[i])
                    {
                        repeated++;
                    }
                    else if (taught?.Holds(row.Conversation) == true)
                    {
                        learnt++;
                    }
                    else if (found[i] is { } match)
                    {
                        keptOut++;
                        if (near.Count < PromptsFound.MostListed)
                        {
                            near.Add(new KeptOutPrompt(row.Id ?? IdOf(row), row.Place, match.Prompt, match.Measure));
                        }
                    }
                    else
                    {
                        good++;
                        first.Enqueue(row, names[i].Place);
                        if (first.Count > room)
                        {
                            first.Dequeue();
                        }
                    }
                }
            }
        }

        (IReadOnlyList<PromptRow> taken, int similar) = WithoutNearDuplicates(
            first,
            count,
            similarity,
            taught?.Rows ?? []
        );
        return new PromptPool(
            taken,
            new PromptPoolReport(rows, repeated, similar, keptOut, good - similar - taken.Count, near)
            {
                Taught = learnt,
            }
        );
    }

    // The rows of a file, so many at a time that all processors have work and memory does not grow with the file.
    private static IEnumerable<List<PromptRow>> Batches(string file, CancellationToken cancellationToken)
    {
        HashSet<ulong> ids = [];
        List<PromptRow> batch = [];
        long characters = 0;
        foreach (PromptRow row in PromptRows.Read(file))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row.Id is { } id && !ids.Add(StableHash.Of(id)))
            {
                throw new SparException(
                    $"{row.Place}: the id {id} is there twice. Give every row an id of its own, or none."
                );
            }

            PromptConstraints.CheckKnown(row);
            batch.Add(row);
            characters += row.Text.Length + row.Context.Sum(turn => (long)turn.Text.Length);
            if (batch.Count == BatchRows || characters > BatchCharacters)
            {
                yield return batch;
                (batch, characters) = ([], 0);
            }
        }

        yield return batch;
    }

    /// <summary>A name for a row that is the same in every layout: the hash of its conversation.</summary>
    /// <param name="row">The row.</param>
    public static string IdOf(PromptRow row) => $"{StableHash.Of(PlainWords.Joined(row.Conversation)):x16}";

    private static (IReadOnlyList<PromptRow> Taken, int Near) WithoutNearDuplicates(
        PriorityQueue<PromptRow, ulong> first,
        int count,
        double similarity,
        IReadOnlyList<PromptRow> taught
    )
    {
        PromptRow[] ordered = new PromptRow[first.Count];
        for (int i = ordered.Length - 1; i >= 0; i--)
        {
            ordered[i] = first.Dequeue();
        }

        // The same question to another system turn is another prompt; a long system turn that many share tells nothing.
        Dictionary<string, NearDuplicates> known = new(StringComparer.Ordinal);
        List<PromptRow> taken = [];
        int near = 0;
        foreach (PromptRow row in taught)
        {
            IsNew(row);
        }

        foreach (PromptRow row in ordered)
        {
            if (taken.Count == count)
            {
                break;
            }

            if (IsNew(row))
            {
                taken.Add(row);
            }
            else
            {
                near++;
            }
        }

        return (taken, near);

        bool IsNew(PromptRow row)
        {
            string stage = PlainWords.Joined(Said(row, system: true));
            if (!known.TryGetValue(stage, out NearDuplicates? asked))
            {
                known[stage] = asked = new NearDuplicates(similarity);
            }

            return asked.Add($"{Said(row, system: false)}\n{row.Text}") is null;
        }
    }

    private static string Said(PromptRow row, bool system) =>
        string.Join('\n', row.Context.Where(turn => turn.Role == ChatRoles.System == system).Select(turn => turn.Text));
}
