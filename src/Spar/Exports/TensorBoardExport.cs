using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Exports;

/// <summary>
/// Writes a run's curves as TensorBoard reads them: a folder a training, with its steps; one of the rows' scores and one
/// of the judge, by iteration. Event files are records of TFRecord (length, data, masked CRC-32C of each) that hold an
/// Event of TensorFlow's event.proto. The same run gives the same bytes.
/// </summary>
public static class TensorBoardExport
{
    private const string FileName = "events.out.tfevents.0.spar";

    /// <summary>Writes every curve that the run has so far.</summary>
    /// <param name="store">The run.</param>
    /// <param name="directory">Where to; made if it is not there. Files of the same names are replaced.</param>
    /// <exception cref="SparException">The run has no curve yet, or a file cannot be written.</exception>
    public static IReadOnlyList<ExportedFile> Write(RunStore store, string directory)
    {
        List<ExportedFile> written = [];
        try
        {
            foreach ((string name, IReadOnlyList<Scalar> scalars) in Curves(store).Where(curve => curve.Scalars.Count > 0))
            {
                string folder = Path.Combine(directory, name);
                Directory.CreateDirectory(folder);
                string path = Path.Combine(folder, FileName);
                File.WriteAllBytes(path, Records(scalars));
                written.Add(new ExportedFile(path, scalars.Count));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The export to {directory} failed: {fault.Message} Free some space or name another directory.", fault);
        }

        return written.Count > 0
            ? written
            : throw new SparException($"The run in {store.Directory} has no curve yet. Let it go on until its first training has ended.");
    }

    private static IEnumerable<(string Name, IReadOnlyList<Scalar> Scalars)> Curves(RunStore store)
    {
        Dictionary<string, StageTiming> timings = store.Timings().ToDictionary(timing => timing.Stage);
        List<Scalar> rows = [], judge = [];
        foreach (string stage in store.Stages())
        {
            double at = timings.TryGetValue(stage, out StageTiming? timing) ? Seconds(timing.Started) : 0;
            if (StageNames.IsTraining(stage) && store.FindProduct<TrainedProduct>(stage) is { } trained)
            {
                yield return (stage, [.. trained.Steps.SelectMany(step => Of(step, at + (timing?.Seconds ?? 0) * step.Step / step.Steps))]);
            }
            else if (StageNames.IsEvaluation(stage) && store.FindProduct<EvaluationProduct>(stage) is { } measured)
            {
                rows.AddRange(Of(measured.Row, at));
            }
            else if (StageNames.IsCalibration(stage) && store.FindProduct<CalibrationProduct>(stage) is { } calibrated)
            {
                judge.AddRange(Of(calibrated.Calibration, at));
            }
        }

        yield return ("rows", rows);
        yield return ("judge", judge);
    }

    private static IEnumerable<Scalar> Of(TrainingStep step, double at) => Known(
        at, step.Step, ("train/loss", step.Loss), ("train/learning_rate", step.LearningRate), ("train/reward_margin", step.RewardMargin),
        ("train/reward_accuracy", step.RewardAccuracy));

    // The step of a row is its iteration; base is -1 and SFT 0.
    private static IEnumerable<Scalar> Of(EvaluationRow row, double at) => Known(
        at, row.Name.IterationNumber ?? (row.Name == RowName.Base ? -1 : 0), ("held_out/prompts", row.HeldOutPrompt),
        ("held_out/requirements", row.HeldOutInstruction), ("held_out/prompts_with_search", row.HeldOutPromptSearch),
        ("refiner/judge_accuracy", row.JudgeAccuracy), ("refiner/refine_success", row.RefineSuccess));

    private static IEnumerable<Scalar> Of(IterationCalibration one, double at) => Known(
        at, one.Iteration, ("judge/accuracy", one.Responses.Accuracy), ("judge/self_judged_success", one.SelfJudgedSuccess),
        ("judge/verified_success", one.VerifiedSuccess), ("judge/drift", one.Drift));

    private static IEnumerable<Scalar> Known(double at, int step, params (string Tag, double? Value)[] values) =>
        values.Where(value => value.Value is { } known && double.IsFinite(known))
            .Select(value => new Scalar(at, step, value.Tag, (float)value.Value!.Value));

    private static double Seconds(string started) =>
        DateTimeOffset.TryParse(started, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time.ToUnixTimeSeconds() : 0;

    private static byte[] Records(IReadOnlyList<Scalar> scalars)
    {
        using MemoryStream file = new();
        // Event: 1 wall_time, 2 step, 3 file_version, 5 summary. A file begins with its version.
        double begun = scalars.Min(scalar => scalar.At);
        Record(file, [.. Double(1, begun), .. Bytes(3, "brain.Event:2"u8)]);
        foreach (Scalar scalar in scalars)
        {
            // Summary: 1 value. Value: 1 tag, 2 simple_value.
            byte[] value = [.. Bytes(1, Encoding.UTF8.GetBytes(scalar.Tag)), .. Float(2, scalar.Value)];
            Record(file, [.. Double(1, scalar.At), .. Varint((2 << 3) | 0), .. Varint(unchecked((ulong)scalar.Step)), .. Bytes(5, Bytes(1, value))]);
        }

        return file.ToArray();
    }

    private static void Record(MemoryStream file, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        file.Write(length);
        file.Write(Masked(length));
        file.Write(data);
        file.Write(Masked(data));
    }

    // CRC-32C, rotated and shifted, as TFRecord has it.
    private static byte[] Masked(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in data)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        byte[] masked = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(masked, unchecked(BitOperations.RotateRight(~crc, 15) + 0xA282EAD8u));
        return masked;
    }

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] Bytes(int field, ReadOnlySpan<byte> value) =>
        [.. Varint((ulong)(field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    private static byte[] Double(int field, double value)
    {
        byte[] bytes = new byte[9];
        bytes[0] = (byte)((field << 3) | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    private static byte[] Float(int field, float value)
    {
        byte[] bytes = new byte[5];
        bytes[0] = (byte)((field << 3) | 5);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    private sealed record Scalar(double At, int Step, string Tag, float Value);
}
