using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Inference;
using Spar.Engine.Inspection;
using Spar.Engine.Models;
using Spar.Engine.Tests.Inference;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

public class GgufFileTests
{
    public static TheoryData<string> Types => [.. GgufType.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_model_of_any_type_computes_as_its_widened_tensors(string name)
    {
        using TempFolder folder = new();
        string path = folder.Write(
            "m.gguf",
            GgufWriter.SmallModel(GgufType.All.Single(type => type.Name == name), tied: false).ToBytes()
        );
        int[] ids = [1, 5, 63, 0, 17, 30];
        Checkpoint checkpoint = Checkpoint.Load(path);
        using ModelWeights weights = ModelWeights.Open(path);
        float[] exact = Logits.Of(weights, ids),
            rounded = Logits.Of(weights, ids, Arithmetic.Rounded);
        Assert.All(exact, logit => Assert.True(float.IsFinite(logit)));
        float[] widened = Logits.Of(checkpoint.Config, checkpoint.Tensors, ids);
        GgufGoldenTests.Close(widened, exact, 1e-4f * widened.Max(Math.Abs));
        double size = Math.Sqrt(exact.Average(a => (double)a * a)),
            error = Math.Sqrt(exact.Zip(rounded, (a, b) => (double)(a - b) * (a - b)).Average());
        Assert.InRange(error, 0, 0.15 * size);
        Assert.Equal(rounded, Logits.Of(weights, ids, Arithmetic.Rounded, threads: 1, passRows: 1));
    }

    [Fact]
    public void Layers_may_mix_types()
    {
        using TempFolder folder = new();
        Random random = new(3);
        GgufWriter writer = GgufWriter
            .SmallModel(GgufType.Q4_K)
            .Tensor("blk.0.attn_v.weight", GgufType.Q6_K, random, 128, 256)
            .Tensor("blk.1.ffn_up.weight", GgufType.F16, random, 512, 256)
            .Tensor("token_embd.weight", GgufType.Q8_0, random, 64, 256);
        string path = folder.Write("m.gguf", writer.ToBytes());
        Checkpoint checkpoint = Checkpoint.Load(path);
        using ModelWeights weights = ModelWeights.Open(path);
        GgufGoldenTests.Close(
            Logits.Of(checkpoint.Config, checkpoint.Tensors, [1, 2, 3]),
            Logits.Of(weights, [1, 2, 3]),
            1e-3f
        );
        Assert.Equal(
            ["Q4_K", "Q8_0", "F16", "Q6_K", "F32"],
            ModelSummary
                .Read(path)
                .Types.OrderBy(type => Array.IndexOf(["Q4_K", "Q8_0", "F16", "Q6_K", "F32"], type.Type))
                .Select(type => type.Type)
        );
    }

    [Fact]
    public void A_checkpoint_made_from_a_file_can_be_saved_as_a_folder()
    {
        using TempFolder folder = new();
        string path = folder.Write("m.gguf", GgufWriter.SmallModel(GgufType.Q4_0).ToBytes());
        Checkpoint checkpoint = Checkpoint.Load(path);
        Checkpoint.Save(folder.File("out"), checkpoint.Config, checkpoint.Tensors, tokenizerSource: path);
        Checkpoint again = Checkpoint.Load(folder.File("out"));
        Assert.Equal(checkpoint.Config, again.Config);
        Assert.Equal(
            Logits.Of(checkpoint.Config, checkpoint.Tensors, [1, 2]),
            Logits.Of(again.Config, again.Tensors, [1, 2])
        );
        Assert.Equal(
            Checkpoint.LoadTokenizer(path).Encode("he here <|40|>"),
            Checkpoint.LoadTokenizer(folder.File("out")).Encode("he here <|40|>")
        );
    }

    [Theory]
    [InlineData(8, 1, 4, 8192, 500000)]
    [InlineData(32, 1, 4, 8192, 500000)]
    [InlineData(4, 1.5, 6, 300, 10000)]
    [InlineData(2, 2, 3, 4096, 100000)]
    public void Llama_3_scaling_is_found_in_its_divisors(
        double factor,
        double low,
        double high,
        int positions,
        double theta
    )
    {
        Llama3RopeScaling original = new(factor, low, high, positions);
        double[] plain = [.. Enumerable.Range(0, 64).Select(i => Math.Pow(theta, -i / 64.0))];
        float[] divisors = [.. plain.Select(f => (float)(f / Scaled(f, original)))];
        Assert.True(RopeFactors.TryRecover(divisors, theta, out Llama3RopeScaling? found));
        Assert.All(plain, f => Assert.Equal(1, Scaled(f, found!) / Scaled(f, original), 1e-5));
        Assert.True(RopeFactors.TryRecover([1, 1, 1], theta, out found));
        Assert.Null(found);
        divisors[10] *= 1.5f;
        Assert.False(RopeFactors.TryRecover(divisors, theta, out _));
    }

    [Theory]
    [InlineData("general.architecture", "mamba", "'general.architecture' must be one of")]
    [InlineData("llama.expert_count", 8u, "mixtures of experts")]
    [InlineData("llama.rope.scaling.type", "yarn", "llama.rope.scaling.type")]
    [InlineData("llama.attention.head_count_kv", 3u, "llama.attention.head_count_kv")]
    [InlineData("llama.embedding_length", 128u, "has shape")]
    [InlineData("llama.block_count", 3u, "lacks tensor 'blk.2.attn_norm.weight'")]
    [InlineData("llama.block_count", 1u, "has tensor 'blk.1.")]
    [InlineData("llama.block_count", "2", "'llama.block_count' must be an integer")]
    [InlineData("llama.context_length", 0u, "llama.context_length")]
    [InlineData("tokenizer.ggml.eos_token_id", 64u, "tokenizer.ggml.eos_token_id")]
    [InlineData("general.alignment", 48u, "power of two")]
    public void A_model_that_contradicts_itself_is_one_clear_fault(string key, object value, string expected)
    {
        using TempFolder folder = new();
        string path = folder.Write("bad.gguf", GgufWriter.SmallModel(GgufType.Q4_1).Key(key, value).ToBytes());
        EngineException e = Assert.Throws<EngineException>(() => ModelWeights.Open(path));
        Assert.Contains(expected, e.Message);
        Assert.Contains("bad.gguf", e.Message);
    }

    [Theory]
    [InlineData("tokenizer.ggml.model", "wordpiece", "tokenizer.ggml.model")]
    [InlineData("tokenizer.ggml.pre", "unheard-of", "tokenizer.ggml.pre")]
    [InlineData("tokenizer.ggml.tokens", "a", "tokenizer.ggml.tokens")]
    [InlineData("tokenizer.ggml.merges", "a b", "tokenizer.ggml.merges")]
    [InlineData("tokenizer.ggml.eos_token_id", 64u, "tokenizer.ggml.eos_token_id")]
    public void A_tokenizer_that_cannot_be_used_is_one_clear_fault(string key, object value, string expected)
    {
        using TempFolder folder = new();
        string path = folder.Write("bad.gguf", GgufWriter.SmallModel(GgufType.Q4_1).Key(key, value).ToBytes());
        Assert.Contains(expected, Assert.Throws<EngineException>(() => Checkpoint.LoadTokenizer(path)).Message);
    }

    [Fact]
    public void Lying_headers_are_one_clear_fault()
    {
        byte[] valid = new GgufWriter()
            .Key("general.architecture", "llama")
            .Key("list", new[] { 1, 2 })
            .Tensor("x", GgufType.Q4_0, new Random(1), 2, 64)
            .Tensor("y", GgufType.F32, new Random(1), 4)
            .ToBytes();
        int list = Find(valid, "list") + 4,
            x = Find(valid, "x") + 1,
            y = Find(valid, "y") + 1;
        Fails(valid, bytes => bytes[0] = (byte)'X', "letters GGUF");
        Fails(valid, bytes => bytes[4] = 1, "version 1");
        Fails(valid, bytes => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 3), "big-endian");
        Fails(valid, bytes => Put(bytes, 8, ulong.MaxValue), "tensors");
        Fails(valid, bytes => Put(bytes, 16, ulong.MaxValue), "metadata keys");
        Fails(valid, bytes => Put(bytes, 24, ulong.MaxValue), "metadata key 0");
        Fails(valid, bytes => Put(bytes, list + 8, ulong.MaxValue / 2), "'list' claims");
        Fails(valid, bytes => bytes[list] = 99, "unknown kind 99");
        Fails(valid, bytes => bytes[list + 4] = 9, "list of lists");
        Fails(valid, bytes => bytes[x] = 5, "dimensions");
        Fails(valid, bytes => Put(bytes, x + 4, 0), "'x'");
        Fails(valid, bytes => Put(bytes, x + 4, 63), "multiples of 32");
        Fails(valid, bytes => Put(bytes, x + 12, 1UL << 62), "'x'");
        Fails(valid, bytes => bytes[x + 20] = 10, "Q2_K");
        Fails(valid, bytes => bytes[x + 20] = 200, "number 200");
        Fails(valid, bytes => Put(bytes, x + 24, 1), "alignment");
        Fails(valid, bytes => Put(bytes, x + 24, ulong.MaxValue - 31), "bytes of data");
        Fails(valid, bytes => Put(bytes, x + 24, 1 << 20), "bytes of data");
        Fails(valid, bytes => Put(bytes, y + 4 + 8 + 4, 0), "begins before");
        using TempFolder folder = new();
        for (int length = 0; length < valid.Length - 16; length += 3) // the last 16 bytes fill up
        {
            string path = folder.Write("cut.gguf", valid[..length]);
            Assert.Contains("cut.gguf", Assert.Throws<EngineException>(() => GgufFile.Open(path).Dispose()).Message);
        }

        Assert.Contains(
            "no such file",
            Assert.Throws<EngineException>(() => GgufFile.Open(folder.File("none.gguf"))).Message
        );
    }

    [Fact]
    public void A_scale_that_is_not_finite_is_one_clear_fault()
    {
        using TempFolder folder = new();
        GgufWriter writer = GgufWriter.SmallModel(GgufType.Q4_0);
        byte[] bytes = writer.ToBytes();
        bytes[writer.HeaderBytes + 1] = 0x7C; // the first tensor's first scale
        using ModelWeights weights = ModelWeights.Open(folder.Write("m.gguf", bytes));
        Assert.Contains("token_embd.weight", Assert.Throws<EngineException>(() => Logits.Of(weights, [1])).Message);
    }

    [Fact]
    public void Mutated_files_load_or_fail_clearly()
    {
        using TempFolder folder = new();
        GgufWriter writer = GgufWriter.SmallModel(GgufType.Q4_1);
        byte[] valid = writer.ToBytes();
        string path = folder.File("m.gguf");
        Gen<(int At, byte Value, int Length)> mutation =
            from at in Gen.Choose(0, writer.HeaderBytes - 1)
            from value in Gen.OneOf(Gen.Choose(0, 255), Gen.Elements(0, 1, 8, 9, 127, 128, 255))
            from length in Gen.Frequency((5, Gen.Constant(valid.Length)), (1, Gen.Choose(0, valid.Length)))
            select (at, (byte)value, length);
        Prop.ForAll(
                mutation.NonEmptyListOf().ToArbitrary(),
                mutations =>
                {
                    byte[] bytes = [.. valid];
                    foreach ((int at, byte value, _) in mutations.Take(4))
                    {
                        bytes[at] = value;
                    }

                    File.WriteAllBytes(path, bytes.AsSpan(0, mutations.First().Length));
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    foreach (Action load in new Action[] { () => ModelSummary.Read(path), () => Checkpoint.Load(path) })
                    {
                        try
                        {
                            load();
                        }
                        catch (EngineException e)
                        {
                            if (!e.Message.Contains("m.gguf", StringComparison.Ordinal))
                            {
                                throw new InvalidOperationException("The fault does not name the file.", e);
                            }
                        }
                    }

                    return GC.GetAllocatedBytesForCurrentThread() - before < 50L * valid.Length;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(700));
    }

    private static void Fails(byte[] valid, Action<byte[]> spoil, string expected)
    {
        using TempFolder folder = new();
        byte[] bytes = [.. valid];
        spoil(bytes);
        string path = folder.Write("bad.gguf", bytes);
        EngineException e = Assert.Throws<EngineException>(() => GgufFile.Open(path).Dispose());
        Assert.Contains(expected, e.Message);
        Assert.Contains("bad.gguf", e.Message);
    }

    private static void Put(byte[] bytes, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);

    // Where a text of the header begins: its length is before it.
    private static int Find(byte[] bytes, string text)
    {
        byte[] pattern = [.. BitConverter.GetBytes((ulong)text.Length), .. Encoding.UTF8.GetBytes(text)];
        return bytes.AsSpan().IndexOf(pattern) + 8;
    }

    private static double Scaled(double f, Llama3RopeScaling s)
    {
        double smooth = Math.Clamp(
            ((s.OriginalMaxPositions * f / (2 * Math.PI)) - s.LowFrequencyFactor)
                / (s.HighFrequencyFactor - s.LowFrequencyFactor),
            0,
            1
        );
        return ((1 - smooth) * f / s.Factor) + (smooth * f);
    }
}
