using System.Globalization;
using System.Text.Json;
using Spar.Engine;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Training;
using Spar.Ground;

namespace Spar.Runtime.Embedded;

/// <summary>
/// A folder from which an interrupted training goes on to the same bytes: what is trained, the optimizer's moments, and
/// a record of the caller's. A kill at any moment leaves the last whole state.
/// </summary>
/// <param name="directory">The folder; made when a state is saved.</param>
internal sealed class TrainerState(string directory)
{
    private const string StateFile = "state.safetensors";
    private const string ProgressFile = "state.json";

    /// <summary>Saves a state over the last one.</summary>
    /// <typeparam name="T">What the caller has to remember; becomes JSON.</typeparam>
    /// <param name="trainer">The trainer, between two steps.</param>
    /// <param name="progress">The caller's record.</param>
    /// <exception cref="UserFaultException">
    /// The disk is full or the folder cannot be written; the last state is still there.
    /// </exception>
    public void Save<T>(LlamaTrainer trainer, T progress)
    {
        // One file with a name of its own for each save, and then the small file that says which one counts: a kill
        // between the two loses nothing.
        int step = trainer.Optimizer.StepCount;
        string name = string.Create(CultureInfo.InvariantCulture, $"{step}-{StateFile}");
        var trained = trainer.Trained.Select(entry => (entry.Name, entry.Tensor));
        var moments = trainer.Optimizer.State.Select(entry => (entry.Key, entry.Value));
        Safetensors.Save(Path.Combine(directory, name), trained.Concat(moments));
        AtomicFile.Write(
            Path.Combine(directory, ProgressFile),
            stream => JsonSerializer.Serialize(stream, new Saved<T>(step, name, progress)));
        foreach (string state in Directory.GetFiles(directory, "*-" + StateFile))
        {
            if (Path.GetFileName(state) != name)
            {
                File.Delete(state);
            }
        }
    }

    /// <summary>The record of the saved state, or null when there is none.</summary>
    /// <typeparam name="T">As it was saved.</typeparam>
    /// <exception cref="EngineException">The state is damaged.</exception>
    public T? Peek<T>()
        where T : class => Read<T>()?.Progress;

    /// <summary>Puts a trainer where it was when the state was saved.</summary>
    /// <typeparam name="T">As it was saved.</typeparam>
    /// <param name="trainer">A trainer of the same model.</param>
    /// <exception cref="EngineException">The state is damaged or belongs to another model.</exception>
    public void Restore<T>(LlamaTrainer trainer)
        where T : class
    {
        Saved<T> saved = Read<T>() ?? throw new EngineException($"There is no saved training in '{directory}'.");
        IReadOnlyDictionary<string, Tensor> tensors = Safetensors.Load(Path.Combine(directory, saved.File));
        foreach (NamedTensor trained in trainer.Trained)
        {
            if (!tensors.TryGetValue(trained.Name, out Tensor? value) || value.Count != trained.Tensor.Count)
            {
                throw new EngineException(
                    $"The saved training in '{directory}' lacks {trained.Name} with {trained.Tensor.Count} elements; "
                    + "delete the folder to start again.");
            }

            value.Data.CopyTo(trained.Tensor.Data, 0);
        }

        trainer.LoadParameters();
        trainer.Optimizer.Restore(saved.Step, tensors);
    }

    /// <summary>Deletes the folder.</summary>
    public void Delete()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private Saved<T>? Read<T>()
    {
        string path = Path.Combine(directory, ProgressFile);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<Saved<T>>(File.ReadAllBytes(path)) : null;
        }
        catch (JsonException e)
        {
            throw new EngineException($"'{path}' is damaged; delete the folder to start the training again.", e);
        }
    }

    private sealed record Saved<T>(int Step, string File, T Progress);
}
