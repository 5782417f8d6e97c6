using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>How far a training outside of this process has come.</summary>
internal enum TrainingStatus
{
    /// <summary>It is being submitted, or was: the launcher knows.</summary>
    Submitting,

    /// <summary>It was submitted under a name.</summary>
    Submitted,

    /// <summary>It is held in the launcher's queue, or being submitted so, and its rows are not known yet.</summary>
    Reserved,

    /// <summary>It ended with a fault, and is to be submitted anew.</summary>
    Failed,

    /// <summary>It ended well, and its result is being taken for the checkpoint.</summary>
    Adopting,

    /// <summary>Its result is the checkpoint.</summary>
    Adopted,
}

/// <summary>
/// What is known of a training outside of this process, in a file of its folder that is written before and after each
/// submission: whoever goes on with the run finds the job again.
/// </summary>
/// <param name="Training">What the training is made of; another training begins anew.</param>
/// <param name="Status">How far it is.</param>
/// <param name="Attempt">Submissions so far.</param>
/// <param name="Token">The last submission's token.</param>
/// <param name="Job">The job's name at the launcher; null where it is not noted.</param>
/// <param name="Launcher">The launcher's name.</param>
internal sealed record TrainingRecord(
    string Training, TrainingStatus Status, int Attempt, string Token, string? Job, string Launcher)
{
    private const string FileName = "state.json";

    /// <summary>Whether the job may still be held in the launcher's queue.</summary>
    public bool Held { get; init; }

    /// <summary>The checkpoint's digest, once there is one.</summary>
    public string? Digest { get; init; }

    /// <summary>What came of it, once it has ended.</summary>
    public TrainingReport? Report { get; init; }

    /// <summary>Reads a record.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <returns>Null where there is none that can be read.</returns>
    public static TrainingRecord? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<TrainingRecord>(File.ReadAllBytes(path), JsonSettings.Readable)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the record.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public void Write(string folder) => AtomicFile.WriteText(
        Path.Combine(folder, FileName), JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n");

    /// <summary>What a training is made of: start model, rows, the recipe's settings, seed.</summary>
    /// <param name="job">The training.</param>
    /// <param name="trainer">The trainer's name.</param>
    public static string Of(TrainingJob job, string trainer) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(
            $"{trainer} {job.Seed} {Path.GetFullPath(job.StartModel)} "
            + JsonSerializer.Serialize(job.Data, job.Data.GetType()))));
}
