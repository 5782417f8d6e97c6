using Spar.Calls;
using Spar.Decoding;
using Spar.Experiments;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Composition;
using Spar.Runtime.Nano;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runtime.Experiments;

/// <summary>What the comparison of judges is made of.</summary>
/// <param name="Actor">Checkpoint of the actor.</param>
/// <param name="Judge">The judge: a checkpoint, or an endpoint's model.</param>
/// <param name="Panel">Further judges for the panel; none leaves the panel out.</param>
/// <param name="Count">Held-out tasks.</param>
/// <param name="Stories">Share of them that ask for a story, 0..1.</param>
/// <param name="Samples">Responses a task.</param>
/// <param name="Votes">Judgements a response.</param>
/// <param name="Verifiers">What the hybrid judge's verifiers know.</param>
/// <param name="Prompts">The prompt set.</param>
public sealed record JudgesSettings(
    string Actor, string Judge, IReadOnlyList<string> Panel, int Count, double Stories, int Samples, int Votes,
    IReadOnlyList<string> Verifiers, string Prompts);

/// <summary>
/// Runs the comparison of judges, seed by seed; each seed's answers are kept in a run store of its own.
/// </summary>
/// <param name="settings">What it is made of.</param>
/// <param name="threads">Threads to compute with, at least 1.</param>
/// <param name="time">The clock.</param>
public sealed class JudgesExperiment(JudgesSettings settings, int threads, TimeProvider time)
{
    // Responses and critiques of stories fit; prompt and critique together have to fit the nano model's context of 512.
    private const int RespondTokens = 96;
    private const int JudgeTokens = 320;
    private const int Concurrency = 256;

    /// <summary>Runs it with one seed, or goes on with it.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="directory">The output folder; the answers are in a folder of the seed's in it.</param>
    /// <param name="itemFinished">Is called at the end of each task.</param>
    /// <param name="cancellationToken">Stops; what was answered so far is kept.</param>
    /// <exception cref="SparException">A model, a verifier or the templates cannot be had.</exception>
    public async Task<JudgeComparisonResult> RunAsync(
        ulong seed, string directory, Action itemFinished, CancellationToken cancellationToken)
    {
        TemplateSet templates = TemplateSet.Load(settings.Prompts);
        NanoVerifier verifier = new(settings.Verifiers);
        using RunStore store = RunStore.Open(Path.Combine(directory, $"seed-{seed}"), Identity(seed, templates), time);
        using CallSession session = new(seed, Concurrency, new SharedMemo(store));
        await using OpenModels models = new(ModelHosts.Create(threads, Concurrency), session);
        ModelCaller actor = await models.OpenAsync(settings.Actor, cancellationToken).ConfigureAwait(false);
        ModelCaller judge = await models.OpenAsync(settings.Judge, cancellationToken).ConfigureAwait(false);
        List<ModelCaller> panel = [judge];
        foreach (string member in settings.Panel)
        {
            panel.Add(await models.OpenAsync(member, cancellationToken).ConfigureAwait(false));
        }

        DecodingSettings decoding = new(
            new Sampling(0.9, 0.9, RespondTokens), new Sampling(0.7, 1, JudgeTokens), new Sampling(0.7, 1, JudgeTokens),
            settings.Votes, settings.Samples, new SearchSettings());
        Gate gate = decoding.Search.ToGate();
        IJudge Make(ValuationMethod valuation, IReadOnlyList<ModelCaller> judges, IConstraintVerifier? first = null) =>
            new JudgingSettings { Valuation = valuation }.Create(
                judges, templates, decoding.Judge, decoding.Votes, gate, first);
        string rules = string.Join(", ", settings.Verifiers);
        List<(string, IJudge)> judges =
        [
            ($"votes ({settings.Votes})", Make(ValuationMethod.Votes, [judge])),
            ("vote (1)", new VotingJudge(judge, templates, decoding.Judge, 1, gate)),
            ("adaptive votes", Make(ValuationMethod.Adaptive, [judge])),
            ("probability", Make(ValuationMethod.Probability, [judge])),
            ($"hybrid ({rules}), votes", Make(ValuationMethod.Votes, [judge], verifier)),
            ($"hybrid ({rules}), adaptive", Make(ValuationMethod.Adaptive, [judge], verifier)),
        ];
        if (panel.Count > 1)
        {
            judges.Add(($"panel of {panel.Count}, adaptive", Make(ValuationMethod.Adaptive, panel)));
            judges.Add(($"panel of {panel.Count}, probability", Make(ValuationMethod.Probability, panel)));
        }

        Prompt[] tasks =
        [
            .. NanoEvaluator.Tasks(settings.Count, settings.Stories)
                .Select((task, i) => new Prompt($"held-out-{i}", task.Instruction)),
        ];
        JudgeComparison comparison = new(
            actor, decoding.Respond, settings.Samples, judges, ConstraintVerifiers.CreateTruth(), gate);
        JudgeComparisonResult result =
            await comparison.RunAsync(tasks, itemFinished, cancellationToken).ConfigureAwait(false);
        store.Flush();
        return result;
    }

    // What is compared may change between sessions; what is asked and of whom may not.
    private RunIdentity Identity(ulong seed, TemplateSet templates)
    {
        Dictionary<string, string> values = new()
        {
            ["experiment"] = "judges",
            ["seed"] = RecipeKey.Text(seed),
            ["actor"] = RunIdentities.OfModel(settings.Actor),
            ["judge"] = RunIdentities.OfModel(settings.Judge),
            ["count"] = RecipeKey.Text(settings.Count),
            ["stories"] = RecipeKey.Text(settings.Stories),
            ["samples"] = RecipeKey.Text(settings.Samples),
            ["prompt_set"] = RunIdentity.OfText(templates.Name, templates.Digest),
        };
        for (int i = 0; i < settings.Panel.Count; i++)
        {
            values[$"panel.{RecipeKey.Text(i)}"] = RunIdentities.OfModel(settings.Panel[i]);
        }

        return new RunIdentity(values);
    }
}
