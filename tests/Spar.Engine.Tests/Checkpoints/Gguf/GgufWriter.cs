using System.Runtime.InteropServices;
using System.Text;
using Spar.Engine.Checkpoints.Gguf;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

/// <summary>Puts a GGUF file together, right or wrong ones.</summary>
internal sealed class GgufWriter
{
    private readonly List<(string Key, Action<BinaryWriter> Value)> _keys = [];
    private readonly List<(string Name, GgufType Type, int[] Shape, byte[] Data)> _tensors = [];

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    /// <summary>Bytes before the tensors' data in the last file written.</summary>
    public int HeaderBytes { get; private set; }

    public GgufWriter Key(string key, object value)
    {
        _keys.RemoveAll(entry => entry.Key == key);
        _keys.Add((key, writer => Value(writer, value)));
        return this;
    }

    /// <summary>A tensor of random blocks whose scales are of moderate size.</summary>
    public GgufWriter Tensor(string name, GgufType type, Random random, params int[] shape)
    {
        int blocks = shape.Aggregate(1, (product, size) => product * size) / type.BlockElements;
        byte[] data = new byte[blocks * type.BlockBytes];
        random.NextBytes(data);
        for (int block = 0; block < blocks; block++)
        {
            Span<byte> bytes = data.AsSpan(block * type.BlockBytes, type.BlockBytes);
            float value =
                (float)(random.NextDouble() - 0.5)
                * (
                    type.Name is "Q4_K" or "Q5_K" or "Q6_K" ? 0.001f
                    : type.IsQuantized ? 0.03f
                    : 1f
                );
            switch (type.Name)
            {
                case "F32":
                    BitConverter.TryWriteBytes(bytes, 1 + (0.1f * value));
                    break;
                case "F16":
                    BitConverter.TryWriteBytes(bytes, (Half)value);
                    break;
                case "BF16":
                    BitConverter.TryWriteBytes(bytes, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                    break;
                default:
                    BitConverter.TryWriteBytes(bytes[(type.Name == "Q6_K" ? 208 : 0)..], (Half)value);
                    if (type.HasOffset)
                    {
                        BitConverter.TryWriteBytes(bytes[2..], (Half)(-8 * value));
                    }

                    break;
            }
        }

        _tensors.RemoveAll(tensor => tensor.Name == name);
        _tensors.Add((name, type, shape, data));
        return this;
    }

    /// <summary>A float32 tensor.</summary>
    public GgufWriter Tensor(string name, int[] shape, float[] values)
    {
        _tensors.Add((name, GgufType.F32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        return this;
    }

    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_keys.Count);
        foreach ((string key, Action<BinaryWriter> value) in _keys)
        {
            Text(writer, key);
            value(writer);
        }

        long offset = 0;
        foreach ((string name, GgufType type, int[] shape, byte[] data) in _tensors)
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            foreach (int size in shape.Reverse())
            {
                writer.Write((ulong)size);
            }

            writer.Write(type.Id);
            writer.Write((ulong)offset);
            offset = (offset + data.Length + Alignment - 1) / Alignment * Alignment;
        }

        Pad(stream);
        HeaderBytes = (int)stream.Length;
        foreach ((_, _, _, byte[] data) in _tensors)
        {
            writer.Write(data);
            Pad(stream);
        }

        return stream.ToArray();
    }

    /// <summary>
    /// A small llama model: hidden 256 (so that every type fits), 2 layers, vocabulary 64, with a byte-level tokenizer
    /// of a few words.
    /// </summary>
    /// <param name="type">Type of the matrices.</param>
    /// <param name="tied">Whether the head is the embedding.</param>
    public static GgufWriter SmallModel(GgufType type, bool tied = true)
    {
        const int hidden = 256,
            ffn = 512,
            vocabulary = 64;
        Random random = new(11);
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString()), "Ġ", "he", "Ġhe", "re"];
        string[] tokens =
        [
            .. letters,
            .. Enumerable.Range(letters.Length, vocabulary - letters.Length).Select(i => $"<|{i}|>"),
        ];
        GgufWriter writer = new GgufWriter()
            .Key("general.architecture", "llama")
            .Key("llama.context_length", 128u)
            .Key("llama.embedding_length", (uint)hidden)
            .Key("llama.block_count", 2u)
            .Key("llama.feed_forward_length", (uint)ffn)
            .Key("llama.attention.head_count", 8u)
            .Key("llama.attention.head_count_kv", 4u)
            .Key("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Key("tokenizer.ggml.model", "gpt2")
            .Key("tokenizer.ggml.pre", "gpt-2")
            .Key("tokenizer.ggml.tokens", tokens)
            .Key("tokenizer.ggml.token_type", tokens.Select((_, id) => id < letters.Length ? 1 : 3).ToArray())
            .Key("tokenizer.ggml.merges", new[] { "h e", "Ġ he", "r e" })
            .Key("tokenizer.ggml.eos_token_id", 60u)
            .Key("tokenizer.chat_template", "{{ messages[0]['content'] }}")
            .Tensor("token_embd.weight", type, random, vocabulary, hidden)
            .Tensor("output_norm.weight", GgufType.F32, random, hidden);
        if (!tied)
        {
            writer.Tensor("output.weight", type, random, vocabulary, hidden);
        }

        for (int layer = 0; layer < 2; layer++)
        {
            string blk = $"blk.{layer}.";
            writer
                .Tensor(blk + "attn_norm.weight", GgufType.F32, random, hidden)
                .Tensor(blk + "attn_q.weight", type, random, hidden, hidden)
                .Tensor(blk + "attn_k.weight", type, random, hidden / 2, hidden)
                .Tensor(blk + "attn_v.weight", type, random, hidden / 2, hidden)
                .Tensor(blk + "attn_output.weight", type, random, hidden, hidden)
                .Tensor(blk + "ffn_norm.weight", GgufType.F32, random, hidden)
                .Tensor(blk + "ffn_gate.weight", type, random, ffn, hidden)
                .Tensor(blk + "ffn_up.weight", type, random, ffn, hidden)
                .Tensor(blk + "ffn_down.weight", type, random, hidden, ffn);
        }

        return writer;
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number:
                writer.Write(4u);
                writer.Write(number);
                break;
            case float number:
                writer.Write(6u);
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(7u);
                writer.Write(flag);
                break;
            case string text:
                writer.Write(8u);
                Text(writer, text);
                break;
            case string[] texts:
                List(writer, 8, texts.Length);
                Array.ForEach(texts, text => Text(writer, text));
                break;
            case int[] numbers:
                List(writer, 5, numbers.Length);
                Array.ForEach(numbers, writer.Write);
                break;
            case float[] numbers:
                List(writer, 6, numbers.Length);
                Array.ForEach(numbers, writer.Write);
                break;
            default:
                throw new ArgumentException(value.GetType().Name);
        }
    }

    private static void List(BinaryWriter writer, uint kind, int count)
    {
        writer.Write(9u);
        writer.Write(kind);
        writer.Write((ulong)count);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private void Pad(MemoryStream stream) =>
        stream.Write(new byte[(Alignment - (stream.Length % Alignment)) % Alignment]);
}
