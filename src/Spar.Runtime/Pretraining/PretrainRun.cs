using System.Text.Json;
using System.Threading.Channels;
using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;
using Spar.Nano;
using Spar.Runtime.Embedded;
using Spar.Runtime.Nano;
using Spar.Templates;

namespace Spar.Runtime.Pretraining;

/// <summary>How pretraining stands after an optimizer step.</summary>
/// <param name="Step">1-based.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Loss of the step: mean of -log p over the tokens of responses, natural logarithm.</param>
/// <param name="Tokens">Tokens seen so far, prompts included.</param>
public sealed record PretrainStep(int Step, int Steps, double Loss, long Tokens);

/// <summary>
/// Makes the nano base model: trains the tokenizer, then the weights. The state is saved every so often; called again,
/// it goes on from there and ends in the same bytes as a run that was never interrupted.
/// </summary>
/// <param name="recipe">A valid recipe.</param>
/// <param name="threads">Threads to train with; has no influence on the result.</param>
public sealed class PretrainRun(PretrainRecipe recipe, int threads)
{
    private const int TokenizerRows = 40_000;

    private readonly PretrainingCorpus _corpus = new(
        recipe.Seed,
        recipe.Corpus,
        Format(TemplateSet.Load(recipe.Prompts))
    );

    private readonly TrainerState _state = new(recipe.Work);

    /// <summary>The nano world's corpus format in the words of a prompt set.</summary>
    /// <param name="templates">The prompt set.</param>
    public static CorpusFormat Format(TemplateSet templates) =>
        new()
        {
            JudgePrompt = templates.JudgePrompt,
            RefinePrompt = templates.RefinePrompt,
            RefineOutput = (reflection, response) => NanoTeacher.RefinerOutput(templates, reflection, response),
            VerdictMarker = templates.Format.Verdict,
        };

    /// <summary>Trains to the end and leaves the model in the recipe's output folder.</summary>
    /// <param name="progress">Told after every step; may be null.</param>
    /// <param name="cancellationToken">Saves the state and stops.</param>
    /// <exception cref="EngineException">
    /// A file cannot be read or written, or the saved state belongs to another recipe.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped; the state is saved.</exception>
    public async Task RunAsync(IProgress<PretrainStep>? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(recipe.Work);
        Tokenizer tokenizer = TrainTokenizer();
        ModelConfig config = Config(tokenizer);
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.Initialize(config, recipe.Seed);
        using LlamaTrainer trainer = new(
            parameters,
            new AdamWOptions
            {
                Beta2 = recipe.Training.Beta2,
                WeightDecay = recipe.Training.WeightDecay,
                MaxGradientNorm = 1,
            },
            team
        );
        int steps = (int)Math.Ceiling(recipe.Training.Tokens / (double)recipe.Training.BatchTokens);

        (int step, long row, long tokens) = Restore(trainer);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<Batch> batches = Channel.CreateBounded<Batch>(8);
        Task reading = Task.Run(
            () => ReadAsync(new ChatEncoder(tokenizer, ChatTemplate.For(tokenizer)), row, batches.Writer, ended.Token),
            CancellationToken.None
        );
        try
        {
            while (step < steps)
            {
                Batch batch = await batches.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                StepResult result = trainer.Step(new CrossEntropy(), batch.Sequences, LearningRate(step, steps));
                (step, row, tokens) = (step + 1, batch.NextRow, tokens + result.Tokens);
                progress?.Report(new PretrainStep(step, steps, result.Figures.Loss, tokens));
                if (step % recipe.Training.SaveEvery == 0 || cancellationToken.IsCancellationRequested)
                {
                    _state.Save(trainer, new Progress(row, tokens, Digest()));
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await reading.ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }

        tokenizer.Save(recipe.Output);
        Checkpoint.Save(recipe.Output, config, parameters.ToDictionary());
        Directory.Delete(recipe.Work, recursive: true);
    }

    // Warmup, then the peak, then straight down: until the last part begins, a run may be given more or fewer tokens
    // and goes on as if it had always had them.
    private double LearningRate(int step, int steps) =>
        recipe.Training.LearningRate
        * Math.Min(1, (step + 1.0) / recipe.Training.WarmupSteps)
        * Math.Min(1, (steps - step) / (recipe.Training.DecayShare * steps));

    private Tokenizer TrainTokenizer()
    {
        if (File.Exists(Path.Combine(recipe.Work, "tokenizer.json")))
        {
            return Tokenizer.Load(recipe.Work);
        }

        IEnumerable<string> texts = Enumerable
            .Range(0, TokenizerRows)
            .Select(i => _corpus.Row(i))
            .SelectMany(row => new[] { row.Prompt, row.Response });
        Tokenizer tokenizer = BpeTrainer
            .Train(texts, recipe.Model.Vocabulary, ChatTemplate.PlainSpecialTokens)
            .WithConfig(
                new TokenizerConfig
                {
                    EosToken = "<|end|>",
                    PadToken = "<|pad|>",
                    ChatTemplate = ChatTemplate.Plain,
                    MaxLength = recipe.Model.Context,
                }
            );
        tokenizer.Save(recipe.Work);
        return tokenizer;
    }

    private ModelConfig Config(Tokenizer tokenizer) =>
        new()
        {
            ModelType = "llama",
            VocabSize = recipe.Model.Vocabulary,
            HiddenSize = recipe.Model.Hidden,
            IntermediateSize = recipe.Model.FeedForward,
            LayerCount = recipe.Model.Layers,
            HeadCount = recipe.Model.Heads,
            KvHeadCount = recipe.Model.Heads,
            HeadDim = recipe.Model.Hidden / recipe.Model.Heads,
            MaxPositions = recipe.Model.Context,
            RmsNormEps = 1e-5,
            TieWordEmbeddings = true,
            EosTokenIds = [tokenizer.TokenToId(tokenizer.Config.EosToken!)!.Value],
        };

    private async Task ReadAsync(
        ChatEncoder encoder,
        long row,
        ChannelWriter<Batch> batches,
        CancellationToken cancellationToken
    )
    {
        try
        {
            while (true)
            {
                List<TrainingSequence> sequences = [];
                for (int tokens = 0; tokens < recipe.Training.BatchTokens; row++)
                {
                    CorpusRow text = _corpus.Row(row);
                    TrainingSequence sequence = encoder.Encode(
                        text.Prompt,
                        text.Response,
                        recipe.Model.Context,
                        out bool truncated
                    );
                    if (!truncated)
                    {
                        sequences.Add(sequence);
                        tokens += sequence.Tokens.Length;
                    }
                }

                await batches.WriteAsync(new Batch(sequences, row), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            batches.Complete(e);
        }
    }

    private (int Step, long Row, long Tokens) Restore(LlamaTrainer trainer)
    {
        if (_state.Peek<Progress>() is not { } progress)
        {
            return (0, 0, 0);
        }

        if (progress.Recipe != Digest())
        {
            throw new EngineException(
                $"The saved state in {recipe.Work} was made with other settings than the recipe's. Put the recipe "
                    + "back as it was, or delete the folder to start again."
            );
        }

        _state.Restore<Progress>(trainer);
        return (trainer.Optimizer.StepCount, progress.Row, progress.Tokens);
    }

    // Everything that decides how a step goes: all of the recipe but the folders, the length of the run and how often
    // to save.
    private string Digest() =>
        JsonSerializer.Serialize(
            recipe with
            {
                Output = "",
                Work = "",
                Training = recipe.Training with { SaveEvery = 1, Tokens = 1 },
            }
        );

    private sealed record Batch(List<TrainingSequence> Sequences, long NextRow);

    private sealed record Progress(long Row, long Tokens, string Recipe);
}
