using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.Results;
using Spar.Ground;

namespace Spar.Runtime.Exports;

/// <summary>One measure of a sample.</summary>
/// <param name="Name">The measure's name; with the filter where answers are extracted, as in "exact_match,strict-match".</param>
/// <param name="Value">The sample's value.</param>
/// <param name="Answer">What was made of the answer before comparing; null where nothing could be.</param>
internal readonly record struct StoredMeasure(string Name, double Value, string? Answer);

/// <summary>A document of an evaluation as its folder has it: the lines of samples.jsonl that bear its id.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Prompt">What was asked.</param>
/// <param name="Target">What was expected.</param>
/// <param name="Responses">The raw answers.</param>
/// <param name="Measures">Its measures, in the order of the file.</param>
/// <param name="Extra">Further members of its lines, such as a value an instruction.</param>
internal sealed record StoredSample(
    string Id, string Prompt, string Target, IReadOnlyList<string> Responses, List<StoredMeasure> Measures,
    SortedDictionary<string, JsonElement> Extra)
{
    private static readonly HashSet<string> s_known =
        ["doc_id", "id", "doc", "target", "resps", "filtered_resps", "filter", "metrics"];

    /// <summary>Why the answer is not complete; null where it is.</summary>
    public string? Incomplete => Extra.TryGetValue("answer_status", out JsonElement why) ? JsonText.Of(why) : null;

    /// <summary>Reads an evaluation's samples, in the order of the file.</summary>
    /// <param name="folder">The evaluation's folder.</param>
    /// <exception cref="UserFaultException">The file cannot be read, or is not in the layout.</exception>
    public static IReadOnlyList<StoredSample> Read(string folder)
    {
        string path = Path.Combine(folder, ResultsWriter.SamplesFile);
        List<StoredSample> samples = [];
        Dictionary<string, StoredSample> byId = [];
        foreach (JsonLine line in JsonLine.Read(path))
        {
            JsonElement row = line.Parse();
            try
            {
                string id = JsonText.Of(row.GetProperty("id"));
                if (!byId.TryGetValue(id, out StoredSample? sample))
                {
                    sample = new StoredSample(
                        id,
                        JsonText.Of(row.GetProperty("doc").GetProperty("prompt")),
                        JsonText.Of(row.GetProperty("target")),
                        [.. row.GetProperty("resps").EnumerateArray().SelectMany(list => list.EnumerateArray()).Select(JsonText.Of)],
                        [],
                        new SortedDictionary<string, JsonElement>(StringComparer.Ordinal));
                    byId.Add(id, sample);
                    samples.Add(sample);
                }

                sample.Add(row);
            }
            catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new UserFaultException(
                    $"{line.Place} is not in the layout of evaluation samples.", "Name a folder that spar eval wrote with --output.",
                    fault);
            }
        }

        return samples;
    }

    private void Add(JsonElement row)
    {
        string filter = JsonText.Of(row.GetProperty("filter"));
        string? answer = row.GetProperty("filtered_resps").EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String ? JsonText.Of(one) : null)
            .FirstOrDefault();
        string[] measures = [.. row.GetProperty("metrics").EnumerateArray().Select(JsonText.Of)];
        Measures.AddRange(measures.Select(name => new StoredMeasure(
            filter == Metric.NoFilter ? name : $"{name},{filter}", row.GetProperty(name).GetDouble(), answer)));
        foreach (JsonProperty member in row.EnumerateObject().Where(member => !s_known.Contains(member.Name) && !measures.Contains(member.Name)))
        {
            Extra.TryAdd(member.Name, member.Value);
        }
    }
}
