using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tensors;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints;

public class CheckpointTests
{
    [Theory]
    [InlineData("llama3-tiny")]
    [InlineData("llama-tiny-tied-fp16")]
    [InlineData("mistral-tiny")]
    [InlineData("qwen2-tiny")]
    [InlineData("glm-tiny")]
    public void A_saved_checkpoint_loads_to_the_same_model_and_brings_its_tokenizer(string model)
    {
        string source = SharedData.Path("fixtures", "models", model);
        Checkpoint checkpoint = Checkpoint.Load(source);
        using TempFolder folder = new();
        string saved = folder.File("sub/model");
        Checkpoint.Save(saved, checkpoint.Config, checkpoint.Tensors, tokenizerSource: source);
        AssertSame(checkpoint, Checkpoint.Load(saved));
        foreach (string name in new[] { "tokenizer.json", "tokenizer_config.json" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(source, name)), File.ReadAllBytes(Path.Combine(saved, name)));
        }

        Assert.True(File.Exists(Path.Combine(saved, "generation_config.json")));
    }

    [Fact]
    public void Shards_give_the_same_weights_as_one_file() =>
        AssertSame(
            Checkpoint.Load(SharedData.Path("fixtures", "models", "llama3-tiny")),
            Checkpoint.Load(SharedData.Path("fixtures", "models", "llama3-tiny-sharded"))
        );

    [Fact]
    public void A_missing_folder_shard_or_weight_file_is_named()
    {
        using TempFolder folder = new();
        Assert.Contains("no model folder", Fault(folder.File("none")));
        Assert.Contains("config.json", Fault(folder.Root));
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny-sharded"));
        File.Delete(folder.File("model-00002-of-00002.safetensors"));
        string message = Fault(folder.Root);
        Assert.Contains("model-00002-of-00002.safetensors", message);
        Assert.Contains("model.safetensors.index.json", message);
        File.Delete(folder.File("model.safetensors.index.json"));
        Assert.Contains("neither", Fault(folder.Root));
    }

    [Theory]
    [InlineData("\"model-00001-of-00002.safetensors\"", "\"../model-00001-of-00002.safetensors\"", "not in the folder")]
    [InlineData(
        "\"lm_head.weight\": \"model-00001",
        "\"lm_head.weight\": \"model-00002",
        "without tensor 'lm_head.weight'"
    )]
    [InlineData("\"lm_head.weight\": \"model-00001-of-00002.safetensors\",", "", "lacks tensor 'lm_head.weight'")]
    [InlineData("\"weight_map\"", "\"map\"", "weight_map")]
    public void An_index_that_lies_is_one_clear_fault(string from, string to, string expected)
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny-sharded"));
        string index = folder.File("model.safetensors.index.json");
        string text = File.ReadAllText(index);
        Assert.Contains(from, text);
        File.WriteAllText(index, text.Replace(from, to));
        string message = Fault(folder.Root);
        Assert.Contains(expected, message);
        Assert.Contains("model.safetensors.index.json", message);
    }

    [Theory]
    [InlineData("\"vocab_size\": 512", "\"vocab_size\": 1024", "'model.embed_tokens.weight' has shape [512, 64]")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "lacks tensor 'model.layers.2.")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "has tensor 'model.layers.1.")]
    [InlineData("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "lacks tensor 'lm_head.weight'")]
    [InlineData(
        "\"model_type\": \"llama\"",
        "\"model_type\": \"qwen2\"",
        "lacks tensor 'model.layers.0.self_attn.q_proj.bias'"
    )]
    public void Weights_that_disagree_with_the_config_are_named(string from, string to, string expected)
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama-tiny-tied"));
        string config = File.ReadAllText(folder.File("config.json"));
        Assert.Contains(from, config);
        File.WriteAllText(folder.File("config.json"), config.Replace(from, to));
        Assert.Contains(expected, Fault(folder.Root));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors.index.json")]
    public void A_mutated_description_loads_or_fails_clearly(string file)
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny-sharded"));
        byte[] valid = File.ReadAllBytes(folder.File(file));
        Gen<(int At, byte Value)> mutation =
            from at in Gen.Choose(0, valid.Length - 1)
            from value in Gen.Frequency(
                (3, Gen.Elements("0123456789".Select(c => (int)c))),
                (1, Gen.Elements("[]{},:\"-.eE".Select(c => (int)c))),
                (1, Gen.Choose(0, 255))
            )
            select (at, (byte)value);
        Prop.ForAll(
                mutation.NonEmptyListOf().ToArbitrary(),
                mutations =>
                {
                    byte[] bytes = [.. valid];
                    foreach ((int at, byte value) in mutations.Take(3))
                    {
                        // Numbers stay numbers now and then.
                        int place = char.IsAsciiDigit((char)value)
                            ? Array.FindIndex(bytes, at, b => char.IsAsciiDigit((char)b))
                            : at;
                        bytes[Math.Max(0, place)] = value;
                    }

                    File.WriteAllBytes(folder.File(file), bytes);
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    try
                    {
                        Checkpoint.Load(folder.Root);
                    }
                    catch (EngineException e)
                    {
                        Assert.Contains(folder.Root, e.Message);
                    }

                    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_checkpoint_with_a_missing_tensor_is_not_written()
    {
        Checkpoint checkpoint = Checkpoint.Load(SharedData.Path("fixtures", "models", "llama-tiny-tied"));
        Dictionary<string, Tensor> tensors = new(checkpoint.Tensors);
        tensors.Remove("model.norm.weight");
        using TempFolder folder = new();
        EngineException e = Assert.Throws<EngineException>(() =>
            Checkpoint.Save(folder.File("m"), checkpoint.Config, tensors)
        );
        Assert.Contains("'model.norm.weight'", e.Message);
        Assert.False(Directory.Exists(folder.File("m")));
    }

    private static string Fault(string directory) =>
        Assert.Throws<EngineException>(() => Checkpoint.Load(directory)).Message;

    private static void AssertSame(Checkpoint expected, Checkpoint actual)
    {
        Assert.Equal(expected.Config, actual.Config);
        Assert.Equal(
            expected.Tensors.Keys.Order(StringComparer.Ordinal),
            actual.Tensors.Keys.Order(StringComparer.Ordinal)
        );
        foreach ((string name, Tensor tensor) in expected.Tensors)
        {
            Assert.Equal(tensor.Shape, actual.Tensors[name].Shape);
            Assert.Equal(tensor.Data, actual.Tensors[name].Data);
        }
    }
}
