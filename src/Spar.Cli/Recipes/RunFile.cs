using System.Globalization;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Judging;
using Spar.Nano;
using Spar.Runs;
using Spar.Templates;
using Spar.Runtime.Embedded;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Nano;
using Spar.Runtime.Verifiers;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Cli.Recipes;

/// <summary>A recipe file of <c>spar run</c>: the run in numbers, and the world that it runs in.</summary>
internal sealed record RunFile : Recipe
{
    /// <summary>The built-in world: where prompts, teacher and evaluation come from.</summary>
    public NanoSettings Nano { get; init; } = new();

    /// <summary>Reads and checks a recipe.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">Takes the place of the recipe's seed; null keeps it.</param>
    /// <exception cref="SparException">The file cannot be used; the message names the key and where it stands.</exception>
    public static RunFile Read(string path, ulong? seed = null)
    {
        RunFile file = StrictYaml.ReadFile<RunFile>(path);
        file = seed is ulong given ? file with { Seed = given } : file;
        YamlPlaces.Locate(path, file.CheckAll);
        return file;
    }

    /// <summary>Checks every value, and that what the file points to is there.</summary>
    /// <exception cref="RecipeException">Something is wrong; the message names the keys.</exception>
    public void CheckAll()
    {
        RecipeCheck check = new();
        Check(check);
        check.Share("nano.stories", Nano.Stories);
        check.That(Nano.HeldOutPrompts is >= 1 and <= HeldOut.Count, "nano.held_out_prompts", $"must be between 1 and {HeldOut.Count}", Nano.HeldOutPrompts);
        check.AtLeast(0, "nano.held_out_repairs", Nano.HeldOutRepairs);
        check.AtLeast(0, "nano.held_out_searched", Nano.HeldOutSearched ?? 0);
        check.AtLeast(0, "nano.held_out_judged", Nano.HeldOutJudged ?? 0);
        check.Share("nano.check_error", Nano.CheckError);
        check.That(
            Path.Exists(BaseModel), "base_model",
            "must name the folder of a checkpoint (config.json, model.safetensors, tokenizer.json) or a GGUF file, relative to where you are; there is no such folder or file", BaseModel);
        foreach (string judge in Judging.Judges.Where(judge => judge != JudgingSettings.Refiner && !judge.Contains("://", StringComparison.Ordinal)))
        {
            check.That(Path.Exists(judge), "judging.judges", "must name checkpoints, endpoints as http://host:port/v1#model, or refiner; there is no such checkpoint", judge);
        }

        Try(check, "judging.verifiers", () => _ = new NanoVerifier(Judging.Verifiers));
        Try(check, "judging.constraint_file", () => _ = Judging.ConstraintFile is string file ? IFEvalVerifier.Load(file) : null);
        Try(check, "prompt_set", () => TemplateSet.Load(PromptSet));
        check.ThrowIfFaulty();
    }

    /// <summary>The run of this file with the embedded engine, in the nano world.</summary>
    /// <param name="store">The run directory.</param>
    /// <param name="threads">Threads to compute with.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="time">The clock.</param>
    public SelfPlayRun Compose(RunStore store, int threads, IRunObserver observer, TimeProvider time)
    {
        TemplateSet templates = TemplateSet.Load(PromptSet);
        return new SelfPlayRun
        {
            Recipe = this,
            Templates = templates,
            Host = Commands.Shared.Host(threads, Concurrency),
            Trainer = new EmbeddedTrainer(threads),
            Teacher = new NanoTeacher(templates),
            Prompts = new NanoPrompts(Seed, Nano.Stories),
            Checks = new NanoCheckWriter(templates, Nano.CheckError),
            Texts = new NanoTexts(Seed, Nano.Stories),
            Store = store,
            Evaluator = new NanoEvaluator(Nano.HeldOutPrompts, Nano.HeldOutRepairs, Nano.Stories, Nano.HeldOutSearched, Nano.HeldOutJudged),
            Verifier = Verifier(),
            Truth = new NanoVerifier(NanoVerifier.All),
            Observer = observer,
            Time = time,
        };
    }

    /// <summary>
    /// The same without self-play: it ends with M_0, R_0 and their evaluation. Whatever only concerns self-play has one value here, so that recipes
    /// which begin alike give the same file.
    /// </summary>
    public RunFile StartOnly()
    {
        RunFile plain = new() { BaseModel = BaseModel };
        return this with
        {
            Iterations = 0,
            Method = plain.Method,
            Refinement = plain.Refinement,
            IterativeTraining = plain.IterativeTraining,
            PromptsPerIteration = plain.PromptsPerIteration,
            Responses = plain.Responses,
            Quotas = plain.Quotas,
            Dpo = plain.Dpo,
            Rft = plain.Rft,
            IterationSft = plain.IterationSft,
            BackwardSft = plain.BackwardSft,
            Checks = plain.Checks,
            Judging = plain.Judging,
            Drift = plain.Drift,
        };
    }

    /// <summary>The row of the results that a run of this file ends with.</summary>
    public string LastRow => Iterations == 0 ? "sft" : string.Create(CultureInfo.InvariantCulture, $"iteration-{Iterations}");

    /// <summary>What of the file decides the run's results.</summary>
    public RunIdentity FullIdentity() => Identity(TemplateSet.Load(PromptSet)).With(
    [
        new("nano.stories", Nano.Stories.ToString(CultureInfo.InvariantCulture)),
        new("nano.heldOutPrompts", Nano.HeldOutPrompts.ToString(CultureInfo.InvariantCulture)),
        new("nano.heldOutRepairs", Nano.HeldOutRepairs.ToString(CultureInfo.InvariantCulture)),
        new("nano.checkError", Nano.CheckError.ToString(CultureInfo.InvariantCulture)),
        .. Given("nano.heldOutSearched", Nano.HeldOutSearched),
        .. Given("nano.heldOutJudged", Nano.HeldOutJudged),
        .. Judging.ConstraintFile is string file
            ? [new KeyValuePair<string, string>("judging.constraintFile", $"{file} {StableHash.Of(File.ReadAllText(file)):x16}")]
            : Array.Empty<KeyValuePair<string, string>>(),
    ]);

    /// <summary>The verifiers that the recipe puts before the judge; null when there are none.</summary>
    public IConstraintVerifier? Verifier()
    {
        List<IConstraintVerifier> verifiers = [];
        if (Judging.Verifiers.Count > 0)
        {
            verifiers.Add(new NanoVerifier(Judging.Verifiers));
        }

        if (Judging.ConstraintFile is string file)
        {
            verifiers.Add(IFEvalVerifier.Load(file));
        }

        return verifiers.Count == 0 ? null : new JointVerifier(verifiers);
    }

    private static KeyValuePair<string, string>[] Given(string key, int? value) =>
        value is int given ? [new(key, given.ToString(CultureInfo.InvariantCulture))] : [];

    private static void Try(RecipeCheck check, string key, Action use)
    {
        try
        {
            use();
        }
        catch (SparException fault)
        {
            check.Cannot(key, fault.Message);
        }
    }
}

/// <summary>How a run uses the nano world.</summary>
internal sealed record NanoSettings
{
    /// <summary>Share of prompts that ask for a story of 20 to 40 words; the rest ask for a line.</summary>
    public double Stories { get; init; }

    /// <summary>Held-out prompts on which each stage is measured.</summary>
    public int HeldOutPrompts { get; init; } = 500;

    /// <summary>Failed base responses, at most, on which each stage's refiner is measured.</summary>
    public int HeldOutRepairs { get; init; } = 200;

    /// <summary>Held-out prompts that are answered with tree search as well; all of them when not given, and 0 measures no search.</summary>
    public int? HeldOutSearched { get; init; }

    /// <summary>Held-out prompts on whose responses the refiner's vote is measured; all of them when not given.</summary>
    public int? HeldOutJudged { get; init; }

    /// <summary>Share of the checks and test cases that the teacher gets wrong when it writes them for method autoif.</summary>
    public double CheckError { get; init; } = 0.1;
}
