using System.Globalization;
using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;
using Spar.Runtime.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>
/// Files of prompts as a run's source of them. All splits are drawn at once: the held-out prompts first, then the
/// splits in the order in which the run takes them, so that a run with more iterations begins with the same prompts.
/// </summary>
/// <param name="settings">The files, and what is left out of them.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="measured">Prompts that models are measured by; asked for once, by <see cref="Open"/>.</param>
/// <param name="checkFiles">Throws where a file is not what the run began with.</param>
/// <param name="taught">Gives the lessons whose prompts are left out, by <see cref="Open"/>; null for none.</param>
public sealed class FilePrompts(
    PromptSettings settings,
    ulong seed,
    Func<IEnumerable<MeasuredPrompt>> measured,
    Action checkFiles,
    Func<TaughtPrompts>? taught = null
) : IPromptSource
{
    private readonly Dictionary<PromptSplit, IReadOnlyList<Prompt>> _splits = [];
    private readonly Dictionary<string, InstructionPrompt> _constraints = new(StringComparer.Ordinal);

    /// <summary>
    /// The constraints that came with the prompts which were drawn, by the prompts' instructions; empty before
    /// <see cref="Open"/>.
    /// </summary>
    public IReadOnlyDictionary<string, InstructionPrompt> Constraints => _constraints;

    /// <summary>
    /// The rows of the prompts that are held out, in the order in which <see cref="Take"/> gives them; empty before
    /// <see cref="Open"/>, and where none are.
    /// </summary>
    public IReadOnlyList<PromptRow> HeldOut { get; private set; } = [];

    /// <inheritdoc/>
    public PromptsFound? Open(IReadOnlyList<PromptRequest> wanted, CancellationToken cancellationToken)
    {
        PromptRequest[] requests =
        [
            .. settings.HeldOut > 0 ? [new PromptRequest(PromptSplit.HeldOut, settings.HeldOut)] : Array.Empty<
                PromptRequest
            >(),
            .. wanted,
        ];
        int count = (int)Math.Min(int.MaxValue, requests.Sum(request => (long)request.Count));
        MeasuredPrompts keepAway = new(settings.KeepAwayFrom.SelectMany(MeasuredPrompts.Read).Concat(measured()));
        PromptPool pool = PromptPool.Draw(
            settings.Files,
            Math.Max(1, count),
            seed,
            settings.NearDuplicates,
            keepAway,
            taught?.Invoke(),
            cancellationToken
        );
        checkFiles();
        PromptsFound found = new(
            [.. settings.Files.Distinct().Select(file => new PromptFile(file, pool.Report.Rows[file]))],
            Dropped(pool.Report),
            pool.Report.Near,
            [.. Split(pool.Prompts, requests)]
        );
        return found.Splits.FirstOrDefault(split => split.Taken == 0) is { } empty
            ? throw new SparException(TooFew(found, empty))
            : found;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> Take(PromptSplit split, int count)
    {
        checkFiles();
        return [.. _splits.GetValueOrDefault(split, []).Take(count)];
    }

    private IEnumerable<FoundSplit> Split(IReadOnlyList<PromptRow> rows, PromptRequest[] requests)
    {
        int from = 0;
        foreach ((PromptSplit split, int count) in requests)
        {
            PromptRow[] taken = [.. rows.Skip(from).Take(count)];
            Prompt[] prompts = [.. taken.Select(PromptOf)];
            from += prompts.Length;
            HeldOut = split == PromptSplit.HeldOut ? taken : HeldOut;
            _splits[split] = prompts;
            string text = string.Join('\0', prompts.Select(prompt => prompt.Instruction));
            yield return new FoundSplit(NameOf(split), count, prompts.Length, $"{StableHash.Of(text):x16}");
        }
    }

    private Prompt PromptOf(PromptRow row)
    {
        Prompt prompt = PromptConstraints.PromptOf(row, PromptPool.IdOf(row));
        if (PromptConstraints.Of(row, prompt) is { } constraints)
        {
            _constraints[prompt.Instruction] = constraints;
        }

        return prompt;
    }

    private static Dictionary<string, long> Dropped(PromptPoolReport report)
    {
        Dictionary<string, long> dropped = [];
        Put("repeated", report.Repeated);
        Put("near-duplicates", report.NearDuplicates);
        Put("in lessons", report.Taught);
        Put("kept out", report.KeptOut);
        Put("not needed", report.Unneeded);
        return dropped;

        void Put(string reason, long rows)
        {
            if (rows > 0)
            {
                dropped[reason] = rows;
            }
        }
    }

    private static string NameOf(PromptSplit split) =>
        split.Iteration == 0
            ? split.Name
            : string.Create(CultureInfo.InvariantCulture, $"{split.Name} {split.Iteration}");

    private string TooFew(PromptsFound found, FoundSplit empty)
    {
        string taken = string.Join(
            ", ",
            found.Splits.Select(split =>
                string.Create(CultureInfo.InvariantCulture, $"{split.Name} {split.Taken} of {split.Wanted}")
            )
        );
        string dropped = string.Join(
            ", ",
            found.Dropped.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} {one.Value}"))
        );
        long rows = found.Files.Sum(file => file.Rows);
        return $"{string.Join(", ", settings.Files)}: nothing is left for {empty.Name}. Of {rows} rows "
            + $"{(dropped.Length == 0 ? "" : $"({dropped}) ")}come: {taken}. Give more prompts, or lower "
            + "prompts.held_out, sft_prompts, refiner_prompts or prompts_per_iteration.";
    }
}
