using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tensors;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints;

public class SafetensorsTests
{
    [Theory]
    [InlineData("llama-tiny-tied", DType.Float32)]
    [InlineData("llama-tiny-tied-fp16", DType.Float16)]
    [InlineData("llama-tiny-tied-bf16", DType.BFloat16)]
    public void Load_then_save_gives_the_reference_writers_bytes(string model, DType dtype)
    {
        string source = SharedData.Path("fixtures", "models", model, "model.safetensors");
        using TempFolder folder = new();
        Safetensors.Save(
            folder.File("m.safetensors"),
            Safetensors.Load(source).Select(t => (t.Key, t.Value)).Reverse(),
            dtype
        );
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(folder.File("m.safetensors")));
        Assert.Single(Directory.GetFiles(folder.Root));
    }

    [Theory]
    [InlineData("F16", 0x3C01, 1.0009765625f)]
    [InlineData("F16", 0x0001, 5.9604645e-8f)]
    [InlineData("F16", 0xFC00, float.NegativeInfinity)]
    [InlineData("BF16", 0x3F81, 1.0078125f)]
    [InlineData("BF16", 0x8001, -9.1835496e-41f)]
    public void Half_types_widen_exactly(string dtype, int bits, float expected)
    {
        using TempFolder folder = new();
        string path = folder.Write(
            "m",
            Bytes(
                $$$"""{"x":{"dtype":"{{{dtype}}}","shape":[],"data_offsets":[0,2]}}""",
                [(byte)bits, (byte)(bits >> 8)]
            )
        );
        Tensor x = Safetensors.Load(path)["x"];
        Assert.Empty(x.Shape);
        Assert.Equal(expected, x.Data[0]);
    }

    [Theory]
    [InlineData(1.00390625f, 1.0f)] // half way between 1 and the next bfloat16: to even
    [InlineData(1.01171875f, 1.015625f)] // half way, to even upwards
    [InlineData(1.004f, 1.0078125f)]
    [InlineData(-0f, -0f)]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    public void BFloat16_rounds_to_nearest_even(float value, float expected)
    {
        using TempFolder folder = new();
        Safetensors.Save(folder.File("m"), [("x", Filled(value))], DType.BFloat16);
        Assert.Equal(expected, Safetensors.Load(folder.File("m"))["x"].Data[0]);
    }

    [Fact]
    public void A_value_too_large_for_half_precision_is_refused()
    {
        using TempFolder folder = new();
        EngineException e = Assert.Throws<EngineException>(() =>
            Safetensors.Save(folder.File("m"), [("big", Filled(70000))], DType.Float16)
        );
        Assert.Contains("'big'", e.Message);
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_name_given_twice_is_refused()
    {
        using TempFolder folder = new();
        EngineException e = Assert.Throws<EngineException>(() =>
            Safetensors.Save(folder.File("m"), [("x", Filled(1)), ("x", Filled(2))])
        );
        Assert.Contains("'x' was given twice", e.Message);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", "truncated")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "does not fit its 8 bytes")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2147483647,2147483647,4],"data_offsets":[0,8]}}""",
        "does not fit its 8 bytes"
    )]
    [InlineData("""{"x":{"dtype":"F32","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,8]}}""", "'x'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,8]}}""", "x.shape[0]")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "'y'"
    )]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'x'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "8 follow the header")]
    [InlineData("""{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", "x.dtype")]
    [InlineData("""{"x":{"shape":[1],"data_offsets":[0,8]}}""", "x.dtype")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "x"
    )]
    [InlineData("""{"x":7}""", "'x'")]
    [InlineData("[]", "object")]
    [InlineData("{\"x\":", "not valid JSON")]
    [InlineData("{\"\\ud800\":{}}", "")]
    public void A_header_that_lies_is_one_clear_fault(string header, string expected)
    {
        using TempFolder folder = new();
        string path = folder.Write("bad.safetensors", Bytes(header, new byte[8]));
        EngineException e = Assert.Throws<EngineException>(() => Safetensors.Load(path));
        Assert.Contains(expected, e.Message);
        Assert.Contains("bad.safetensors", e.Message);
    }

    [Fact]
    public void A_missing_or_empty_file_or_one_with_a_huge_header_is_one_clear_fault()
    {
        using TempFolder folder = new();
        Assert.Contains(
            "no such file",
            Assert.Throws<EngineException>(() => Safetensors.Load(folder.File("none"))).Message
        );
        Assert.Contains(
            "0 bytes",
            Assert.Throws<EngineException>(() => Safetensors.Load(folder.Write("empty", []))).Message
        );
        Assert.Contains(
            "header claims",
            Assert
                .Throws<EngineException>(() =>
                    Safetensors.Load(folder.Write("huge", Enumerable.Repeat((byte)0xFF, 64).ToArray()))
                )
                .Message
        );
        Assert.Throws<EngineException>(() => Safetensors.Load(folder.Root));
    }

    [Fact]
    public void Mutated_files_load_or_fail_clearly()
    {
        using TempFolder folder = new();
        string path = folder.File("m");
        Safetensors.Save(
            path,
            [("a", new Tensor(2, 3)), ("b.weight", new Tensor(4)), ("empty", new Tensor(0, 5))],
            DType.BFloat16
        );
        byte[] valid = File.ReadAllBytes(path);
        Gen<(int At, byte Value, int Length)> mutation =
            from at in Gen.Choose(0, valid.Length - 1)
            from value in Gen.OneOf(Gen.Choose(0, 255), Gen.Elements("0123456789[]{},:\"F".Select(c => (int)c)))
            from length in Gen.Frequency((3, Gen.Constant(valid.Length)), (1, Gen.Choose(0, valid.Length)))
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
                    try
                    {
                        Assert.True(Safetensors.Load(path).Count <= 4);
                    }
                    catch (EngineException e)
                    {
                        Assert.Contains(path, e.Message);
                    }

                    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20); // whatever the header claims
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    internal static byte[] Bytes(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    private static Tensor Filled(float value)
    {
        Tensor tensor = new(1);
        tensor.Data[0] = value;
        return tensor;
    }
}
