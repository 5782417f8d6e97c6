using System.Text.Json;
using Spar.Ground;

namespace Spar.Runtime.Shards;

/// <summary>How far an array of shards has come.</summary>
internal enum ArrayStatus
{
    /// <summary>It is being submitted, or was: the launcher knows.</summary>
    Submitting,

    /// <summary>It was submitted under a name.</summary>
    Submitted,

    /// <summary>Its tasks have ended, and what they made was taken over.</summary>
    Ended,
}

/// <summary>
/// What is known of the array that plays a stage, in a file that is written before and after each submission: whoever
/// goes on with the run finds the array again, and submits nothing twice.
/// </summary>
/// <param name="Status">How far it is.</param>
/// <param name="Attempt">Submissions so far.</param>
/// <param name="Token">The last submission's token.</param>
/// <param name="Job">The array's name at the launcher; null where it is not noted.</param>
/// <param name="Launcher">The launcher's name.</param>
/// <param name="Tasks">The shards that were submitted.</param>
/// <param name="Shards">Into how many the stage was cut.</param>
internal sealed record ArrayRecord(
    ArrayStatus Status, int Attempt, string Token, string? Job, string Launcher, IReadOnlyList<int> Tasks, int Shards)
{
    private const string FileName = "state.json";

    /// <summary>Reads a record.</summary>
    /// <param name="folder">The folder of the array.</param>
    /// <returns>Null where there is none that can be read.</returns>
    public static ArrayRecord? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<ArrayRecord>(File.ReadAllBytes(path), JsonSettings.Readable)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the record.</summary>
    /// <param name="folder">The folder of the array.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public void Write(string folder) => AtomicFile.WriteText(
        Path.Combine(folder, FileName), JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n");
}
