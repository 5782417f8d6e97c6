using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// A checkpoint that is being trained: its weights, the adapter if one is trained, and what goes with them into a
/// checkpoint.
/// </summary>
internal sealed class ModelInTraining : IDisposable
{
    private readonly string _startModel;
    private readonly string _tokenizerFolder;
    private readonly LlamaParameters _parameters;
    private readonly LoraAdapter? _adapter;
    private readonly ThreadTeam _team;

    private ModelInTraining(TrainingJob job, int threads, DateOnly? templateDate, NumberType? dtype, IRankGroup? ranks)
    {
        Checkpoint checkpoint = Checkpoint.Load(job.StartModel);
        _startModel = job.StartModel;
        _tokenizerFolder = Checkpoint.TokenizerFolder(job.StartModel);
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(_tokenizerFolder);
        tokenizer.CheckFits(checkpoint.Config);
        Encoder = new ChatEncoder(tokenizer, ChatTemplate.For(tokenizer, templateDate));
        _parameters = LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
        TrainingSettings settings = job.Data.Common;
        _adapter = settings.Lora is { } lora ? LoraAdapter.Initialize(_parameters, ToEngine(lora), job.Seed) : null;
        _team = new ThreadTeam(threads);
        AdamWOptions options = new() { WeightDecay = settings.WeightDecay, MaxGradientNorm = settings.MaxGradientNorm };
        Trainer = new LlamaTrainer(_parameters, options, _team, _adapter, ranks: ranks, dtype: dtype.ToEngine());
    }

    /// <summary>Takes the optimizer's steps.</summary>
    public LlamaTrainer Trainer { get; }

    /// <summary>Writes turns as the model's chat template has them.</summary>
    public ChatEncoder Encoder { get; }

    /// <summary>Longest sequence in tokens that the model was made for.</summary>
    public int MaxPositions => _parameters.Config.MaxPositions;

    /// <summary>Loads a job's start model and makes it ready to be trained.</summary>
    /// <param name="job">The job.</param>
    /// <param name="threads">Threads to train with.</param>
    /// <param name="templateDate">The date that the chat template sees; null takes its default.</param>
    /// <param name="dtype">What products multiply; null takes float32.</param>
    /// <param name="ranks">Processes that train it together, or null.</param>
    /// <exception cref="EngineException">
    /// The model cannot be read, does not fit its tokenizer, or has none of the adapter's layers.
    /// </exception>
    public static ModelInTraining Open(
        TrainingJob job, int threads, DateOnly? templateDate, NumberType? dtype = null, IRankGroup? ranks = null) =>
        new(job, threads, templateDate, dtype, ranks);

    /// <summary>Writes the model as trained so far; it appears under its name as a whole or not at all.</summary>
    /// <param name="directory">The checkpoint's folder; what was there is replaced.</param>
    /// <exception cref="EngineException">It cannot be written.</exception>
    public void Save(string directory)
    {
        string partial = directory + ".partial";
        try
        {
            Delete(partial);
            IReadOnlyDictionary<string, Tensor> tensors = _parameters.ToDictionary();
            tensors = _adapter?.MergeInto(tensors) ?? tensors;
            Checkpoint.Save(partial, _parameters.Config, tensors, tokenizerSource: _tokenizerFolder);
            if (_adapter is not null)
            {
                string baseModel = Path.GetRelativePath(Path.Combine(directory, "adapter"), _startModel);
                LoraFile.Save(Path.Combine(partial, "adapter"), _adapter, baseModel.Replace('\\', '/'));
            }

            Delete(directory);
            Directory.Move(partial, directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(
                $"The trained model cannot be written to {directory}: {e.Message} "
                + "Free some space or mend the permissions, then run the same command again.",
                e);
        }

        static void Delete(string old)
        {
            if (Directory.Exists(old))
            {
                Directory.Delete(old, recursive: true);
            }
        }
    }

    /// <summary>Frees the buffers and ends the threads.</summary>
    public void Dispose()
    {
        Trainer.Dispose();
        _team.Dispose();
    }

    internal static Engine.Models.LoraSettings ToEngine(Seams.LoraSettings lora) =>
        new() { Rank = lora.Rank, Alpha = lora.Alpha, TargetModules = lora.TargetModules };
}
