using System.Buffers.Binary;
using System.Text;
using Spar.Exports;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Exports;

/// <summary>Curves as TensorBoard reads them, read back by a reader of the format's own description.</summary>
public sealed class TensorBoardExportTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_known_sum_of_the_format_is_met() => Assert.Equal(0xE3069283u, Crc("123456789"u8));

    [Fact]
    public void Curves_are_records_of_events_with_their_sums()
    {
        using RunStore store = RunStore.Open(
            _directory.File("run"), new RunIdentity(new Dictionary<string, string> { ["seed"] = "1" }));
        Assert.Throws<SparException>(() => TensorBoardExport.Write(store, _directory.File("none")));
        store.KeepProduct(
            "actor-1",
            new TrainedProduct(StageStatistics.None, null, "checkpoints/actor-1", "x",
            [
                new TrainingStep(1, 2, 0.75, 1e-4, 10, 0, 0.5), new TrainingStep(2, 2, 0.5, 1e-4, 20),
            ]),
            new StageTiming("actor-1", "2026-01-01T00:00:00Z", 10, 0, 0));
        store.KeepProduct(
            StageNames.Evaluation(RowName.Base), new EvaluationProduct(new EvaluationRow(RowName.Base, 0.5)),
            new StageTiming(StageNames.Evaluation(RowName.Base), "2026-01-01T00:00:20Z", 1, 0, 0));
        IReadOnlyList<ExportedFile> files = TensorBoardExport.Write(store, _directory.File("out"));
        Assert.Equal(["actor-1", "rows"], files.Select(file => Path.GetFileName(Path.GetDirectoryName(file.Path))));
        byte[][] records = [.. Records(File.ReadAllBytes(files[0].Path))];
        Assert.Contains("brain.Event:2", Encoding.UTF8.GetString(records[0]), StringComparison.Ordinal);
        Assert.Equal(
            [
                (1, "train/loss", 0.75f), (1, "train/learning_rate", 1e-4f), (1, "train/reward_margin", 0f), (1, "train/reward_accuracy", 0.5f),
                (2, "train/loss", 0.5f), (2, "train/learning_rate", 1e-4f),
            ],
            records.Skip(1).Select(Scalar));
        Assert.Equal(1767225605.0, BinaryPrimitives.ReadDoubleLittleEndian(records[1].AsSpan(1)));
        Assert.Equal([(-1L, "held_out/prompts", 0.5f)], Records(File.ReadAllBytes(files[1].Path)).Skip(1).Select(Scalar));
        byte[] before = File.ReadAllBytes(files[0].Path);
        TensorBoardExport.Write(store, _directory.File("out"));
        Assert.Equal(before, File.ReadAllBytes(files[0].Path));
    }

    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            yield return file[(at + 12)..(at + 12 + length)];
            at += length + 16;
        }
    }

    private static (long Step, string Tag, float Value) Scalar(byte[] data)
    {
        long step = 0;
        string tag = "";
        float value = 0;
        Read(data);
        return (step, tag, value);

        void Read(ReadOnlySpan<byte> message, bool inner = false)
        {
            for (int at = 0; at < message.Length;)
            {
                int key = message[at++];
                switch (key & 7)
                {
                    case 0:
                        step = (long)Number(message, ref at);
                        break;
                    case 1:
                        at += 8;
                        break;
                    case 5:
                        value = BinaryPrimitives.ReadSingleLittleEndian(message[at..]);
                        at += 4;
                        break;
                    default:
                        int length = (int)Number(message, ref at);
                        ReadOnlySpan<byte> within = message.Slice(at, length);
                        at += length;
                        if (inner && key >> 3 == 1 && within[0] != 0x0A)
                        {
                            tag = Encoding.UTF8.GetString(within);
                        }
                        else
                        {
                            Read(within, inner: true);
                        }

                        break;
                }
            }
        }

        static ulong Number(ReadOnlySpan<byte> message, ref int at)
        {
            ulong number = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte one = message[at++];
                number |= (ulong)(one & 0x7F) << shift;
                if (one < 0x80)
                {
                    return number;
                }
            }
        }
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        uint crc = Crc(data);
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
    }

    // Bit by bit, by the polynomial of Castagnoli.
    private static uint Crc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in data)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
            }
        }

        return ~crc;
    }
}
