using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Exports;
using Spar.Ground;
using Spar.Runtime.Evaluation;

namespace Spar.Runtime.Exports;

/// <summary>
/// Writes evaluations as logs of inspect_ai (<c>.eval</c>), for its viewer and its data frames: a ZIP archive with
/// header.json, summaries.json, samples/ID_epoch_1.json and the journal, in version 2 of the format. The same evaluation
/// gives the same bytes.
/// </summary>
public static class InspectExport
{
    /// <summary>Writes a log an evaluation.</summary>
    /// <param name="directory">
    /// A folder that <c>spar eval</c> wrote, or a run directory, whose yardsticks are evaluations.
    /// </param>
    /// <param name="output">Where to; made if it is not there. Files of the same names are replaced.</param>
    /// <exception cref="UserFaultException">There is no evaluation, or a file cannot be read or written.</exception>
    public static IReadOnlyList<ExportedFile> Write(string directory, string output)
    {
        if (File.Exists(Path.Combine(directory, ResultsWriter.SamplesFile)))
        {
            return [WriteOne(directory, output, null)];
        }

        string evaluations = Path.Combine(directory, BenchmarkYardstick.Folder);
        List<ExportedFile> written = [];
        foreach (string row in Folders(evaluations))
        {
            written.AddRange(Folders(row)
                .Where(folder => File.Exists(Path.Combine(folder, ResultsWriter.SamplesFile)))
                .Select(folder => WriteOne(folder, output, new Measured(Path.GetFileName(row), Path.GetFileName(folder)))));
        }

        return written.Count > 0
            ? written
            : throw new UserFaultException(
                $"There is no evaluation in {directory}: it holds no {ResultsWriter.SamplesFile}, and {evaluations} none either.",
                "Name a folder that spar eval wrote with --output, or a run whose recipe has the list evaluation.");
    }

    private static IEnumerable<string> Folders(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];

    private static ExportedFile WriteOne(string folder, string output, Measured? measured)
    {
        IReadOnlyList<StoredSample> samples = StoredSample.Read(folder);
        string path = Path.Combine(folder, ResultsWriter.ResultsFile);
        InspectLog log;
        JsonObject start;
        JsonObject header;
        DateTimeOffset date;
        try
        {
            byte[] text = File.ReadAllBytes(path);
            byte[] all =
            [
                .. text, .. File.ReadAllBytes(Path.Combine(folder, ResultsWriter.SamplesFile)),
                .. Encoding.UTF8.GetBytes($"{measured}"),
            ];
            JsonObject results = JsonNode.Parse(text)!.AsObject();
            date = DateTimeOffset.FromUnixTimeSeconds((long)results["date"]!);
            log = new InspectLog(results, samples, Tokens(folder), Convert.ToHexStringLower(SHA256.HashData(all)), measured);
            (start, header) = (log.Start(), log.Header());
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or NullReferenceException
            or FormatException or ArgumentOutOfRangeException)
        {
            throw new UserFaultException(
                $"{path} is not in the layout of evaluation results.", "Name a folder that spar eval wrote with --output.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException(
                $"{path} cannot be read: {fault.Message.TrimEnd('.')}.", "Name a folder that spar eval wrote with --output.", fault);
        }

        string name = string.Create(
            CultureInfo.InvariantCulture, $"{date:yyyy-MM-ddTHH-mm-ss}+00-00_{log.Task.Replace('_', '-')}_{log.TaskId}.eval");
        string file = Path.Combine(output, name);
        AtomicFile.Write(file, stream =>
        {
            using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
            Entry("_journal/start.json", start);
            JsonArray summaries = [];
            foreach (StoredSample sample in samples)
            {
                Entry($"samples/{sample.Id}_epoch_1.json", log.Sample(sample));
                summaries.Add(log.Summary(sample));
            }

            Entry("_journal/summaries/1.json", summaries);
            Entry("summaries.json", summaries);
            Entry("header.json", header);

            void Entry(string entryName, JsonNode content)
            {
                ZipArchiveEntry entry = archive.CreateEntry(entryName);
                entry.LastWriteTime = date;
                using Stream entryStream = entry.Open();
                using Utf8JsonWriter writer = new(entryStream, JsonSettings.ReadableWriter);
                content.WriteTo(writer);
            }
        });
        return new ExportedFile(file, samples.Count);
    }

    // Tokens read and generated by the request's id, as far as answers are kept beside the samples and say.
    private static Dictionary<string, (long Input, long Output)> Tokens(string folder)
    {
        Dictionary<string, (long Input, long Output)> tokens = [];
        string path = Path.Combine(folder, EvaluationRun.AnswersFile);
        if (File.Exists(path))
        {
            foreach (JsonLine line in JsonLine.Read(path))
            {
                JsonElement answer = line.Parse();
                if (answer.TryGetProperty("input_tokens", out JsonElement input)
                    && answer.TryGetProperty("output_tokens", out JsonElement output))
                {
                    tokens[JsonText.Of(answer.GetProperty("id"))] = (input.GetInt64(), output.GetInt64());
                }
            }
        }

        return tokens;
    }
}
