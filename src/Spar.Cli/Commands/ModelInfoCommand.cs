using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Console;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inspection;
using Spar.Engine.Models;
using Spar.Ground;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar model info</c>: what a checkpoint is.</summary>
internal static class ModelInfoCommand
{
    private const string Help = """
        Describes a checkpoint from its headers: family, parameters, stored types, context, chat template, memory to generate with it and to train it.

        Examples:
          spar model info models/nano
          spar model info MODEL.gguf --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> model = ModelCommand.Model();
        Option<bool> json = Shared.Json("print JSON for scripts; sizes in bytes");
        Command command = new("info", Help) { model, json };
        command.SetAction(parse =>
        {
            ModelSummary summary = ModelSummary.Read(ShippedFiles.Resolve(parse.GetValue(model)!));
            if (parse.GetValue(json))
            {
                context.Print(JsonSerializer.Serialize(ForScripts(summary), JsonSettings.ReadableWithNulls) + "\n");
            }
            else
            {
                ToFigures(summary).WriteTo(context.Output);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static object ForScripts(ModelSummary summary) =>
        new
        {
            summary.Format,
            Family = summary.Config.ModelType,
            summary.Parameters,
            summary.Types,
            ContextLength = summary.Config.MaxPositions,
            summary.Config.VocabSize,
            summary.Config.HiddenSize,
            summary.Config.IntermediateSize,
            Layers = summary.Config.LayerCount,
            Heads = summary.Config.HeadCount,
            KvHeads = summary.Config.KvHeadCount,
            summary.Config.HeadDim,
            summary.Config.RopeTheta,
            summary.Config.RopeScaling,
            summary.Config.SlidingWindow,
            summary.Config.TieWordEmbeddings,
            EosTokenIds = summary.EndTokens.Select(token => token.Id),
            Sampling = new
            {
                summary.Generation.DoSample,
                summary.Generation.Temperature,
                summary.Generation.TopP,
                summary.Generation.TopK,
                summary.Generation.MinP,
                summary.Generation.RepetitionPenalty,
            },
            summary.TokenizerSize,
            summary.ChatTemplate,
            Memory = new
            {
                Weights = summary.WeightBytes,
                CachePerToken = summary.CacheBytesPerToken,
                Generate = summary.GenerationBytes,
                Train = summary.TrainingBytes,
            },
        };

    private static Figures ToFigures(ModelSummary summary)
    {
        ModelConfig config = summary.Config;
        Figures table = new Figures().Column("").Column("");
        void Row(string name, string value) => table.Row(name, value);
        Row("format", summary.Format);
        Row("family", config.ModelType);
        Row("parameters", Text($"{summary.Parameters / 1e6:0.0} million"));
        Row(
            "stored as",
            string.Join(
                ", ",
                summary.Types.Select(type =>
                    Text($"{type.Type} ({100.0 * type.Parameters / summary.Parameters:0.0} %)")
                )
            )
        );
        Row(
            "context",
            Text($"{config.MaxPositions} tokens{(config.SlidingWindow is int window ? $", each sees {window}" : "")}")
        );
        Row(
            "shape",
            Text(
                $"{config.LayerCount} layers, hidden {config.HiddenSize}, feed-forward {config.IntermediateSize}, {config.HeadCount} heads of {config.HeadDim}, {config.KvHeadCount} key/value heads, vocabulary {config.VocabSize}{(config.TieWordEmbeddings ? ", head tied to the embedding" : "")}"
            )
        );
        Row(
            "rotary",
            Text(
                $"base {config.RopeTheta}{(config.RopeScaling is { } scaling ? $", Llama 3 scaling by {scaling.Factor} beyond {scaling.OriginalMaxPositions} tokens" : "")}"
            )
        );
        Row("tokenizer", summary.TokenizerSize is int size ? Text($"{size} tokens") : "none");
        Row(
            "chat template",
            summary.ChatTemplate is string template
                ? Text($"{template.Length} characters: {Shorten(template)}")
                : "none"
        );
        Row(
            "ends with",
            summary.EndTokens.Count == 0
                ? "nothing"
                : string.Join(", ", summary.EndTokens.Select(token => Text($"{token.Token ?? "unknown"} ({token.Id})")))
        );
        Row("sampling", Sampling(summary.Generation));
        Row(
            "to generate",
            $"{Size(summary.GenerationBytes)} ({Size(summary.WeightBytes)} weights, "
                + $"{Size(summary.CacheBytesPerToken * config.MaxPositions)} keys and values of one full-length "
                + "sequence)"
        );
        Row(
            "to train",
            $"{Size(summary.TrainingBytes)} (all parameters, sequences of {ModelSummary.TrainingTokens} tokens)"
        );
        return table;
    }

    // What the makers of the model recommend, where they say it.
    private static string Sampling(GenerationConfig generation)
    {
        (string Name, double? Value)[] settings =
        [
            ("temperature", generation.Temperature),
            ("top-p", generation.TopP),
            ("top-k", generation.TopK),
            ("min-p", generation.MinP),
            ("repetition penalty", generation.RepetitionPenalty),
        ];
        string[] said =
        [
            .. settings
                .Where(setting => setting.Value is not null)
                .Select(setting => Text($"{setting.Name} {setting.Value}")),
        ];
        return (generation.DoSample, said.Length) switch
        {
            (null, 0) => "generation_config.json says nothing of it",
            (false, _) => "greedy, says generation_config.json",
            _ =>
                $"{(said.Length == 0 ? "with Transformers' defaults" : string.Join(", ", said))}, says generation_config.json",
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Shorten(string template)
    {
        string line = template.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : line[..57] + "...";
    }

    private static string Size(long bytes) =>
        bytes >= 1L << 30
            ? Text($"{bytes / (double)(1L << 30):0.0} GiB")
            : Text($"{bytes / (double)(1L << 20):0.0} MiB");
}
