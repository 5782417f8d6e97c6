using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Exports;

/// <summary>A trainer's file format.</summary>
public enum ExportFormat
{
    /// <summary>LLaMA-Factory: one JSON list a data set (sharegpt, with messages) and dataset_info.json.</summary>
    LlamaFactory,

    /// <summary>
    /// TRL, conversational: one JSONL file a data set, prompt and completion (or chosen and rejected) as lists of
    /// messages, so that the chat template is applied.
    /// </summary>
    Trl,

    /// <summary>TRL, plain: the same with texts instead of lists of messages.</summary>
    TrlText,
}

/// <summary>A file that was written.</summary>
/// <param name="Path">Where.</param>
/// <param name="Rows">Rows in it; 0 for a file of settings or of words about the others.</param>
public sealed record ExportedFile(string Path, int Rows);

/// <summary>
/// Writes a run's training data for other trainers: a view of the store, one file a trained model, named after it
/// (actor-0, refiner-0, actor-1, ...); beside it what each row comes from, and the recipe's settings as the trainer
/// takes them; and once for all of them statistics and a card.
/// </summary>
public static class RunExport
{
    /// <summary>Writes every data set that the run has so far.</summary>
    /// <param name="store">The run.</param>
    /// <param name="format">For which trainer.</param>
    /// <param name="directory">Where to; made if it is not there. Files of the same names are replaced.</param>
    /// <exception cref="SparException">The run has no data yet, or a file cannot be written.</exception>
    public static IReadOnlyList<ExportedFile> Write(RunStore store, ExportFormat format, string directory)
    {
        List<ExportedFile> written = [];
        List<ExportedSet> sets = [];
        JsonObject info = [];
        try
        {
            Directory.CreateDirectory(directory);
            foreach ((string name, bool preference, IEnumerable<JsonObject> rows) in DataSets(store, format))
            {
                string file = $"{name}.{(format == ExportFormat.LlamaFactory ? "json" : "jsonl")}";
                string path = Path.Combine(directory, file);
                using (FileStream data = File.Create(path))
                {
                    written.Add(new ExportedFile(path, format == ExportFormat.LlamaFactory
                        ? TrainerRows.WriteList(data, rows) : TrainerRows.WriteLines(data, rows)));
                }

                sets.Add(new ExportedSet(name, file, preference));
                info[name] = TrainerRows.Info(file, preference);
                string beside = Path.Combine(directory, $"{name}.rows.jsonl");
                using (FileStream origins = File.Create(beside))
                {
                    written.Add(new ExportedFile(
                        beside, TrainerRows.WriteLines(origins, TrainerFiles.Origins(store, name))));
                }

                string settings = Path.Combine(directory, TrainerFiles.NameOf(name, format));
                File.WriteAllText(settings, TrainerFiles.Settings(store.Identity.Values, name, preference, format));
                written.Add(new ExportedFile(settings, 0));
            }

            if (sets.Count > 0)
            {
                JsonObject statistics = DataCard.Statistics(store, sets);
                Describe(DataCard.StatisticsFile, statistics.ToJsonString(JsonSettings.Readable) + "\n");
                Describe(DataCard.CardFile, DataCard.Text(store, sets, statistics));
            }

            if (format == ExportFormat.LlamaFactory && written.Count > 0)
            {
                Describe("dataset_info.json", info.ToJsonString(JsonSettings.Readable) + "\n");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The export to {directory} failed: {fault.Message} Free some space or name another directory.", fault);
        }

        return written.Count > 0
            ? written
            : throw new SparException(
                DataProduct.Find(store, 1)?.Pairs.Count is > 0 and int pairs
                    ? $"The run in {store.Directory} has nothing to export: each of the {pairs} preference pairs of "
                    + "its first iteration rejects a response that was cut off, and other trainers would learn that it "
                    + "ends there. Give respond.max_tokens more, so that responses end."
                    : $"The run in {store.Directory} has no training data yet. Let it go on until its first training "
                    + "stage.");

        void Describe(string name, string text)
        {
            string path = Path.Combine(directory, name);
            File.WriteAllText(path, text);
            written.Add(new ExportedFile(path, 0));
        }
    }

    private static IEnumerable<(string Name, bool Preference, IEnumerable<JsonObject> Rows)> DataSets(
        RunStore store, ExportFormat format)
    {
        IEnumerable<JsonObject> Supervised(IReadOnlyList<SupervisedRow> rows) =>
            rows.Select(row => TrainerRows.ToJson(row, format));

        if (store.FindProduct<SupervisedProduct>(StageNames.ActorSftData) is { Rows.Count: > 0 } actor)
        {
            yield return (StageNames.Actor(0), false, Supervised(actor.Rows));
        }

        if (store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData) is { Rows.Count: > 0 } refiner)
        {
            yield return (StageNames.Refiner(0), false, Supervised(refiner.Rows));
        }

        for (int iteration = 1; DataProduct.Find(store, iteration) is { } data; iteration++)
        {
            IEnumerable<PreferencePair> pairs = TrainerRows.Whole(data.Pairs);
            if (pairs.Any())
            {
                yield return (
                    StageNames.Actor(iteration), true, pairs.Select(pair => TrainerRows.ToJson(pair, format)));
            }

            if (data.ActorRows is { Count: > 0 } rows)
            {
                yield return (StageNames.Actor(iteration), false, Supervised(rows));
            }

            if (data.RefinerRows.Count > 0)
            {
                yield return (StageNames.Refiner(iteration), false, Supervised(data.RefinerRows));
            }
        }
    }
}
