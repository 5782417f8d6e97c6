using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Evaluation.Results;

/// <summary>One figure as results.json has it.</summary>
/// <param name="Task">The task or sub-task.</param>
/// <param name="Measure">Name and filter, as in "exact_match,strict-match".</param>
public readonly record struct MeasureKey(string Task, string Measure);

/// <summary>Results that were written earlier, read back for comparison.</summary>
/// <param name="Folder">Where they came from.</param>
/// <param name="Task">The benchmark's name.</param>
/// <param name="Version">The benchmark's version.</param>
/// <param name="Model">The model under test.</param>
/// <param name="Figures">Every figure, in the order of the file.</param>
/// <param name="Samples">
/// For each measure ("name,filter"), each sample's value by the sample's id, in the order of the file.
/// </param>
/// <param name="Prompts">What was asked, by the sample's id.</param>
public sealed record StoredResult(
    string Folder,
    string Task,
    string Version,
    string Model,
    IReadOnlyList<KeyValuePair<MeasureKey, double>> Figures,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Samples,
    IReadOnlyDictionary<string, string> Prompts
)
{
    /// <summary>Reads results.json and samples.jsonl from a folder.</summary>
    /// <param name="folder">A folder with results.</param>
    /// <exception cref="EvaluationException">A file is missing, or is not what it should be.</exception>
    public static StoredResult Load(string folder)
    {
        string path = Path.Combine(folder, ResultsWriter.ResultsFile);
        if (!File.Exists(path))
        {
            throw new EvaluationException(
                $"{path} was not found: name the folder that an evaluation wrote with --output."
            );
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = document.RootElement;
            JsonProperty version = root.GetProperty("versions").EnumerateObject().First();
            var figures = new List<KeyValuePair<MeasureKey, double>>();
            foreach (JsonProperty task in root.GetProperty("results").EnumerateObject())
            {
                figures.AddRange(
                    task.Value.EnumerateObject()
                        .Where(figure => figure.Value.ValueKind == JsonValueKind.Number && IsMeasure(figure.Name))
                        .Select(figure =>
                            KeyValuePair.Create(new MeasureKey(task.Name, figure.Name), figure.Value.GetDouble())
                        )
                );
            }

            (Dictionary<string, Dictionary<string, double>> samples, Dictionary<string, string> prompts) = LoadSamples(
                Path.Combine(folder, ResultsWriter.SamplesFile)
            );
            return new StoredResult(
                folder,
                version.Name,
                version.Value.ToString(),
                root.GetProperty("model_name").GetString() ?? "",
                figures,
                samples.ToDictionary(pair => pair.Key, pair => (IReadOnlyDictionary<string, double>)pair.Value),
                prompts
            );
        }
        catch (JsonException fault)
        {
            throw new EvaluationException($"{path} is not valid JSON: {JsonFaults.Describe(fault)}", fault);
        }
        catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException)
        {
            throw new EvaluationException(
                $"{path} is not in the layout of evaluation results. Name a folder that spar eval wrote with --output.",
                fault
            );
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path} cannot be read: {fault.Message.TrimEnd('.')}.", fault);
        }
    }

    private static bool IsMeasure(string key) =>
        key.Contains(',') && !key.Contains("_stderr,") && !key.Contains("_ci95_low,") && !key.Contains("_ci95_high,");

    private static (
        Dictionary<string, Dictionary<string, double>> Samples,
        Dictionary<string, string> Prompts
    ) LoadSamples(string path)
    {
        var samples = new Dictionary<string, Dictionary<string, double>>();
        var prompts = new Dictionary<string, string>();
        DataFile.Read(
            path,
            new DataProblems(),
            row =>
            {
                string id = row.Text("id");
                string filter = row.OptionalText("filter") ?? Metric.NoFilter;
                prompts[id] =
                    row.Element.TryGetProperty("doc", out JsonElement doc)
                    && doc.TryGetProperty("prompt", out JsonElement prompt)
                        ? prompt.ToString()
                        : "";
                JsonElement names =
                    row.Element.TryGetProperty("metrics", out JsonElement list) && list.ValueKind == JsonValueKind.Array
                        ? list
                        : throw row.Error("metrics", "must be a list of names");
                foreach (string name in names.EnumerateArray().Select(item => item.ToString()))
                {
                    double? value = row.Element.TryGetProperty(name, out JsonElement cell)
                        ? cell.ValueKind switch
                        {
                            JsonValueKind.Number => cell.GetDouble(),
                            JsonValueKind.True => 1,
                            JsonValueKind.False => 0,
                            _ => null, // a list, such as one value an instruction: not a measure of the sample as a whole
                        }
                        : throw row.Error(name, "is missing, though \"metrics\" names it");
                    if (value is { } number)
                    {
                        string key = $"{name},{filter}";
                        (samples.TryGetValue(key, out Dictionary<string, double>? values) ? values : samples[key] = [])[
                            id
                        ] = number;
                    }
                }

                return id;
            }
        );
        return (samples, prompts);
    }
}
