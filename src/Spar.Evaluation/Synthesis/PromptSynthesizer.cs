using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>A constraint of a prompt that was made.</summary>
/// <param name="Id">The instruction's id.</param>
/// <param name="Hardness">1 to 3.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record SynthesizedConstraint(string Id, int Hardness, JsonObject Arguments);

/// <summary>A prompt that was made.</summary>
/// <param name="Prompt">Its text.</param>
/// <param name="Request">The part of it that asks for something, without the constraints.</param>
/// <param name="Constraints">The constraints in the order in which the text gives them; at least one.</param>
/// <param name="Example">A response that follows all constraints.</param>
public sealed record SynthesizedPrompt(
    string Prompt, string Request, IReadOnlyList<SynthesizedConstraint> Constraints, string Example)
{
    internal static SynthesizedPrompt Of(
        string prompt, string request, IEnumerable<Constraint> constraints, string example) =>
        new(prompt, request,
            [.. constraints.Select(c => new SynthesizedConstraint(c.Form.Id, c.Form.Hardness, c.Values))], example);
}

/// <summary>Prompts that were made, and what was left out on the way.</summary>
/// <param name="Prompts">As many as were asked for; all texts differ.</param>
/// <param name="Near">How many were dropped because they were near a prompt to be avoided.</param>
/// <param name="Repeated">How many were dropped because an earlier one had the same text.</param>
/// <param name="TooFew">How many were dropped because no example was found with enough constraints.</param>
public sealed record SynthesisResult(IReadOnlyList<SynthesizedPrompt> Prompts, int Near, int Repeated, int TooFew);

/// <summary>
/// Makes prompts whose constraints can all be checked by rule, without any model. Constraints are added to a request
/// one at a time; one stays only where a response was written that the verifiers of all constraints so far accept, so
/// every prompt can be satisfied.
/// </summary>
/// <param name="options">What prompts are to be made.</param>
/// <param name="requests">Requests to take in turn; empty for the built-in templates.</param>
/// <param name="avoided">Prompts that none may be near to.</param>
public sealed class PromptSynthesizer(SynthesisOptions options, IReadOnlyList<string> requests, NearPrompts avoided)
{
    private const int BatchSize = 64;
    private const int DrawsOfArguments = 2;

    /// <summary>
    /// Makes the prompts. Uses all processors; the result depends on the options, the requests and the avoided prompts
    /// alone.
    /// </summary>
    /// <param name="progress">Called with the number of prompts made so far.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="EvaluationException">
    /// The options are faulty, or most of what is drawn has to be dropped, so that the number asked for is not reached.
    /// </exception>
    public SynthesisResult Run(Action<int>? progress = null, CancellationToken cancellationToken = default)
    {
        Dictionary<int, ConstraintForm[]> fitting = Fitting();
        List<SynthesizedPrompt> prompts = [];
        NearPrompts own = new();
        (int near, int repeated, int tooFew) = (0, 0, 0);
        int limit = (20 * options.Count) + (20 * BatchSize);
        for (int begin = 0; prompts.Count < options.Count; begin += BatchSize)
        {
            if (begin >= limit)
            {
                throw new EvaluationException(
                    $"only {prompts.Count} of {options.Count} prompts could be made from {begin} draws ({near} near a "
                    + $"prompt to be avoided, {repeated} repeated, {tooFew} with too few constraints); "
                    + "ask for fewer prompts or constraints, or allow more families");
            }

            cancellationToken.ThrowIfCancellationRequested();
            SynthesizedPrompt?[] batch = new SynthesizedPrompt?[BatchSize];
            Parallel.For(0, BatchSize, i => batch[i] = Make(fitting, begin + i));
            foreach (SynthesizedPrompt? prompt in batch.TakeWhile(_ => prompts.Count < options.Count))
            {
                if (prompt is null)
                {
                    tooFew++;
                }
                else if (avoided.HasNear(prompt.Prompt))
                {
                    near++;
                }
                else if (own.HasSame(prompt.Prompt))
                {
                    repeated++;
                }
                else
                {
                    own.Add(prompt.Prompt);
                    prompts.Add(prompt);
                }
            }

            progress?.Invoke(prompts.Count);
        }

        return new SynthesisResult(prompts, near, repeated, tooFew);
    }

    /// <summary>
    /// For each number of constraints the forms with which so many are likely to go together: at least 2.5 times as
    /// many others must not be in conflict with one, or as many as there are at best.
    /// </summary>
    private Dictionary<int, ConstraintForm[]> Fitting()
    {
        ConstraintForm[] forms =
            [.. options.Admitted().Where(form => requests.Count == 0 || !OwnTasks.Has(form.Id))];
        if (forms.Length == 0)
        {
            throw new EvaluationException(
                "these constraints settle what an answer is about and go with requests of their own; leave the seeds "
                + "out, or allow other families");
        }

        int[] room = [.. forms.Select(form =>
            forms.Count(other => ConstraintConflicts.Between(form.Id, other.Id) is null))];
        return Enumerable
            .Range(options.LeastConstraints, options.MostConstraints - options.LeastConstraints + 1)
            .ToDictionary(wanted => wanted, wanted =>
            {
                double needed = Math.Min(2.5 * (wanted - 1), room.Max());
                return forms.Where((_, i) => room[i] >= needed).ToArray();
            });
    }

    /// <summary>
    /// The forms in the order in which they are tried. Each of them comes first once before any does again, so that all
    /// are used in as many prompts as there are forms.
    /// </summary>
    private List<ConstraintForm> InOrder(ConstraintForm[] forms, int wanted, int ordinal, SeededRandom random)
    {
        string round = string.Create(CultureInfo.InvariantCulture, $"order {wanted} {ordinal / forms.Length}");
        ConstraintForm first =
            new SeededRandom(StableHash.Seed(options.Seed, round)).Shuffled(forms)[ordinal % forms.Length];
        return [first, .. random.Shuffled(forms.Where(form => form != first))];
    }

    private SynthesizedPrompt? Make(Dictionary<int, ConstraintForm[]> fitting, int index)
    {
        SeededRandom random = new(StableHash.Seed(options.Seed, $"prompt {index}"));
        int wanted = options.LeastConstraints + (index % fitting.Count);
        List<ConstraintForm> order = InOrder(fitting[wanted], wanted, index / fitting.Count, random);
        OwnTask task = requests.Count > 0 ? new OwnTask(requests[index % requests.Count])
            : OwnTasks.Has(order[0].Id) ? OwnTasks.Draw(order[0].Id, random)
            : new OwnTask(RequestTemplates.BuiltIn.Draw(random));
        SampleScope scope = new(task.Request, task.Options ?? "", random);
        List<Constraint> chosen = [];
        string? example = null;
        foreach (ConstraintForm form in order)
        {
            if (chosen.Count == wanted)
            {
                break;
            }

            bool isUnfit = chosen.Count == 0
                ? form != order[0] && OwnTasks.Has(form.Id)
                : chosen.Exists(c => ConstraintConflicts.Between(c.Form.Id, form.Id) is not null);
            if (isUnfit)
            {
                continue;
            }

            for (int i = 0; i < DrawsOfArguments; i++)
            {
                Constraint constraint = Constraint.Draw(form, random, scope);
                if (ExampleSearch.Find([.. chosen, constraint], random) is string found)
                {
                    chosen.Add(constraint);
                    example = found;
                    break;
                }
            }
        }

        if (example is null || chosen.Count < options.LeastConstraints)
        {
            return null;
        }

        List<Constraint> shuffled = random.Shuffled(chosen);
        return RepeatedPrompt.Try(task.Request, shuffled, random)
            ?? SynthesizedPrompt.Of(
                PromptLayout.Compose(task.Request, ConstraintWording.Render(shuffled, random), random),
                task.Request, shuffled, example);
    }
}
