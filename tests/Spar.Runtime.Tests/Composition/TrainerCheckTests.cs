using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Recipes;
using Spar.Runtime.Trainers;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>A recipe's trainer: what it decides, and what is wrong with it before anything is started.</summary>
public sealed class TrainerCheckTests
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");

    [Fact]
    public void Which_trainer_it_is_decides_a_run_and_how_it_is_started_does_not()
    {
        IReadOnlyDictionary<string, string> none = Identity(""), embedded = Identity("trainer: { kind: embedded }");
        Assert.Equal(none, embedded);
        Assert.Equal(none, Identity("trainer: { kind: embedded, ranks: 4, threads: 8, launcher: { kind: slurm, nodes: 2 } }"));
        IReadOnlyDictionary<string, string> other = Identity(
            "trainer: { kind: llamafactory, template: llama3, rows_per_device: 2, tries: 3, launcher: { kind: slurm, nodes: 2 } }");
        Assert.Equal([new KeyValuePair<string, string>("trainer.kind", "llamafactory")], other.Except(none));
        Assert.Empty(none.Except(other));

        static IReadOnlyDictionary<string, string> Identity(string trainer) => RunIdentities.Of(Recipe(trainer)).Values;
    }

    [Fact]
    public void The_recipe_chooses_the_trainer()
    {
        Assert.IsType<EmbeddedTrainer>(ModelTrainers.Create(1, Recipe("")));
        Assert.IsType<EmbeddedTrainer>(ModelTrainers.Create(1, Recipe("trainer: { kind: embedded }")));
        Assert.IsType<ExternalTrainer>(ModelTrainers.Create(1, Recipe("trainer: { kind: trl }")));
        Assert.IsType<ExternalTrainer>(ModelTrainers.Create(1, Recipe("trainer: { kind: embedded, ranks: 2 }")));
    }

    [Fact]
    public void Only_the_embedded_trainer_leaves_out_the_end_of_rejected_responses()
    {
        const string Unended = "dpo: { rejected_end: false }\ntrainer: ";
        Assert.False(RunComposer.Read(Document($"{Unended}{{ kind: embedded, ranks: 2 }}")).Method.Dpo.RejectedEnd);
        SparException fault = Assert.Throws<SparException>(
            () => RunComposer.Read(Document($"{Unended}{{ kind: trl }}")));
        Assert.Contains("dpo.rejected_end must be true or left out", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_embedded_trainer_holds_what_is_not_learnt()
    {
        SparException fault = Assert.Throws<SparException>(() => RunComposer.Read(
            Document("rft: { anchor_weight: 0.1 }\ntrainer: { kind: trl }")));
        Assert.Contains("rft.anchor_weight must be left out where", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind: llamafactory", "trainer.template must name the model's chat template")]
    [InlineData("kind: trl, rows_per_device: 5", "dpo.batch_size must be a multiple of 5 (trainer.rows_per_device 5 on 1 devices)")]
    [InlineData("kind: trl, launcher: { kind: slurm, nodes: 3 }", "rft.batch_size must be a multiple of 3")]
    [InlineData("kind: trl, launcher: { nodes: 2 }", "trainer.launcher.nodes must be 1 on this machine")]
    [InlineData("kind: trl, settings: [bf16]", "trainer.settings must have entries as \"key: value\"")]
    [InlineData("kind: trl, ranks: 2", "trainer.ranks must be 1 but for kind embedded")]
    [InlineData("kind: embedded, ranks: 2, launcher: { nodes: 2 }", "trainer.launcher.nodes must be 1 on this machine")]
    [InlineData("kind: embedded, ranks: 3, launcher: { kind: slurm, nodes: 2 }", "trainer.ranks must be a multiple of launcher.nodes")]
    [InlineData("kind: llama", "one of embedded, llamafactory, trl is expected")]
    public void What_does_not_fit_is_named_by_its_key(string trainer, string words)
    {
        SparException fault = Assert.Throws<SparException>(() => RunComposer.Read(Document($"trainer: {{ {trainer} }}")));
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_is_not_there_is_warned_of() => Assert.Contains(
        ModelTrainers.Warnings(Recipe("trainer: { kind: trl, command: [no-such-python] }")),
        warning => warning.StartsWith("trainer: there is no no-such-python here, and TRL is to train.", StringComparison.Ordinal));

    [Fact]
    public void A_missing_mpirun_is_warned_of() => Assert.Contains(
        ModelTrainers.Warnings(Recipe("trainer: { kind: embedded, ranks: 2, command: [no-such-mpirun] }")),
        warning => warning.StartsWith("trainer: there is no no-such-mpirun here, and the embedded engine is to train. Install Open MPI", StringComparison.Ordinal));

    private static RunRecipe Recipe(string trainer) => Document(trainer).Bind<RunRecipe>();

    private static RecipeDocument Document(string trainer) =>
        RecipeDocument.Parse($"base_model: {s_nano}\nprompt_set: compact\nrespond: {{ max_tokens: 64 }}\njudge: {{ max_tokens: 64 }}\nrefine: {{ max_tokens: 64 }}\n{trainer}\n", "recipe");
}
