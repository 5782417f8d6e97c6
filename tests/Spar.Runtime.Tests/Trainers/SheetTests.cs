using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Spar.Exports;
using Spar.Runtime.Launchers;
using Spar.Runtime.Tests.Launchers;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.TestSupport;
using YamlDotNet.RepresentationModel;

namespace Spar.Runtime.Tests.Trainers;

/// <summary>What LLaMA-Factory and TRL are given, against configurations that were proven to run.</summary>
public sealed class SheetTests
{
    // Where the proven example differs on purpose: it names two data sets, and saves models that nothing goes on from.
    private static readonly string[] s_ownWay = ["dataset", "save_only_model"];

    private static TrainerOptions Options => new()
    {
        Template = "llama3",
        RowsPerDevice = 2,
        SaveSteps = 2,
        Settings = [new("max_steps", "4")],
        Launcher = new LauncherOptions { GpusPerNode = 0 },
    };

    private static TrainingJob Sft => new(
        "tiny", "saves/sft",
        new TrainingData.Supervised(
            [new SupervisedRow("p0", "teacher", "say 0", "hello world 0")],
            new SupervisedSettings { LearningRate = 2e-6, CutoffTokens = 256, BatchSize = 4 }),
        42);

    private static TrainingJob Dpo => Sft with
    {
        Data = new TrainingData.Preference(
            [new PreferencePair("p0", "say 0", "yes 0", "no 0")],
            new PreferenceSettings
            {
                LearningRate = 2e-7,
                Schedule = LearningRateSchedule.Linear,
                CutoffTokens = 256,
                BatchSize = 4,
            }),
    };

    [Fact]
    public void A_file_for_sft_has_every_field_of_the_proven_one()
    {
        Dictionary<string, string> proven = Proven();
        Dictionary<string, string> written = Yaml(Sft, "sft");
        foreach ((string key, string value) in proven.Where(one => !s_ownWay.Contains(one.Key)))
        {
            string own = key switch
            {
                "model_name_or_path" => Path.GetFileName(written[key]),
                "output_dir" => value,
                _ => written[key],
            };
            Assert.True(Same(value, own), $"{key}: {value} is proven, {own} is written");
        }

        Assert.Equal("out", written["output_dir"]);
        Assert.Equal("false", written["save_only_model"]);
    }

    [Fact]
    public void A_file_for_dpo_has_the_loss_besides()
    {
        Dictionary<string, string> written = Yaml(Dpo, "dpo");
        Assert.Equal(
            ("dpo", "0.1", "0.1", "sigmoid", "linear", "2.0e-07"),
            (written["stage"], written["pref_beta"], written["pref_ftx"], written["pref_loss"],
                written["lr_scheduler_type"], written["learning_rate"]));
    }

    [Theory]
    [InlineData(0, "\"no\"", "true")]
    [InlineData(50, "steps", "false")]
    public void Only_checkpoints_to_go_on_from_are_saved_on_the_way(int steps, string strategy, string onlyModel)
    {
        TrainerSheet sheet = new LlamaFactory(Options with { SaveSteps = steps }).Sheet("sft", Sft);
        Dictionary<string, string> words = LlamaFactorySheet.Words(sheet).ToDictionary();
        Assert.Equal((strategy, onlyModel), (words["save_strategy"], words["save_only_model"]));
    }

    [Fact]
    public void Devices_share_the_rows_of_a_step()
    {
        TrainerOptions options = Options with { Launcher = new LauncherOptions { Nodes = 2, GpusPerNode = 1 }, RowsPerDevice = 1 };
        Dictionary<string, string> words = LlamaFactorySheet.Words(new LlamaFactory(options).Sheet("sft", Sft)).ToDictionary();
        Assert.Equal(("1", "2"), (words["per_device_train_batch_size"], words["gradient_accumulation_steps"]));
        Assert.DoesNotContain("use_cpu", words.Keys);
        Assert.StartsWith("FORCE_TORCHRUN=1 llamafactory-cli train sft.yaml", new LlamaFactory(options).CommandLines("sft")[^1]);
    }

    [Fact]
    public void Rows_and_their_index_are_those_of_the_proven_examples()
    {
        using OwnFolder folder = new();
        string text = File.ReadAllText(SharedData.Path("specs", "trainers.md"));
        JsonNode info = JsonNode.Parse(Regex.Match(text, "```json\n(\\{\n \"sft\".*?)```", RegexOptions.Singleline).Groups[1].Value)!;
        string[] rows = [.. Regex.Matches(text, "^\\{\"messages\".*$", RegexOptions.Multiline).Select(row => row.Value)];
        foreach ((string name, TrainingJob job, string row) in new[] { ("sft", Sft, rows[0]), ("dpo", Dpo, rows[1]) })
        {
            new LlamaFactory(Options).WriteInputs(folder.Path, name, job);
            JsonNode written = Read($"data/{name}.json").AsArray().Single()!;
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(row), written), $"{row} is proven, {written.ToJsonString()} is written");
            Assert.True(JsonNode.DeepEquals(info[name], Read("data/dataset_info.json")[name]));
            Assert.Contains("\"prompt_id\":\"p0\"", File.ReadAllText(folder.File("data", $"{name}.rows.jsonl")));
        }

        JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(folder.File(file)))!;
    }

    [Fact]
    public void Trl_gets_its_configurations_arguments_and_rows()
    {
        using OwnFolder folder = new();
        new Trl(Options).WriteInputs(folder.Path, "dpo", Dpo);
        JsonNode job = JsonNode.Parse(File.ReadAllText(folder.File("dpo.json")))!;
        JsonNode words = job["arguments"]!;
        Assert.Equal("""["sigmoid","sft"]""", words["loss_type"]!.ToJsonString());
        Assert.Equal("[1,0.1]", words["loss_weights"]!.ToJsonString().Replace("1.0,", "1,", StringComparison.Ordinal));
        Assert.Equal(
            (2e-7, 256, 2, 2, true),
            ((double)words["learning_rate"]!, (int)words["max_length"]!, (int)words["per_device_train_batch_size"]!,
                (int)words["gradient_accumulation_steps"]!, (bool)words["bf16"]!));
        JsonNode row = JsonNode.Parse(File.ReadLines(folder.File((string)job["data"]!)).Single())!;
        Assert.Equal("""[{"role":"user","content":"say 0"}]""", row["prompt"]!.ToJsonString());
        Assert.Equal("""[{"role":"assistant","content":"yes 0"}]""", row["chosen"]!.ToJsonString());
        Assert.Contains("DPOTrainer", File.ReadAllText(folder.File(Trl.ScriptFile)));
    }

    [Fact]
    public void A_row_that_would_be_left_out_is_named_before()
    {
        using OwnFolder folder = new();
        TrainingJob job = Sft with
        {
            Data = new TrainingData.Supervised(
                [
                    new SupervisedRow("p0", "teacher", "say 0", "hello"),
                    new SupervisedRow("p7", "teacher", "say 1", "hello") { Context = [new ChatTurn("assistant", "hi")] },
                ],
                new SupervisedSettings { LearningRate = 1e-5 }),
        };
        TrainingFaultException fault = Assert.Throws<TrainingFaultException>(
            () => new LlamaFactory(Options).WriteInputs(folder.Path, "actor-1", job));
        Assert.Equal(TrainingFaultKind.RowUnfit, fault.Kind);
        Assert.Contains("Row 2 of actor-1 (prompt p7)", fault.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Proven()
    {
        string text = File.ReadAllText(SharedData.Path("specs", "trainers.md"));
        return Keys(Regex.Match(text, "```yaml\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);
    }

    private static Dictionary<string, string> Yaml(TrainingJob job, string name)
    {
        using OwnFolder folder = new();
        new LlamaFactory(Options).WriteInputs(folder.Path, name, job);
        return Keys(File.ReadAllText(folder.File($"{name}.yaml")));
    }

    private static Dictionary<string, string> Keys(string yaml)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(yaml));
        return ((YamlMappingNode)stream.Documents[0].RootNode).Children
            .ToDictionary(one => one.Key.ToString(), one => one.Value.ToString(), StringComparer.Ordinal);
    }

    private static bool Same(string proven, string own) => proven == own
        || (double.TryParse(proven, out double one) && double.TryParse(own, out double other) && one == other);
}
