using System.CommandLine;
using System.CommandLine.Parsing;
using Spar.Cli.Arguments;
using Spar.Engine.Inference;
using Spar.Runtime.Embedded;
using Spar.Seams;

namespace Spar.Cli.Commands;

/// <summary>The options that trade exactness for speed; commands that measure models have them not.</summary>
internal sealed class ArithmeticOptions
{
    private readonly Option<bool> _rounds = Options.Flag(
        "--round-activations",
        "round activations to 8 bits where weights are quantised (GGUF), as llama.cpp does: about twice as fast, and "
            + "some tokens differ; other models are not affected");

    private readonly Option<NumberType> _dtype = Options.Choice(
        "--dtype",
        "what products multiply: float32, or bfloat16, to which weights (quantised ones too) and activations are "
            + "rounded: twice as fast for many requests at a time on processors with AMX",
        Enum.GetValues<NumberType>().ToDictionary(value => value.ToString().ToLowerInvariant()),
        "float32");

    /// <summary>Adds them.</summary>
    public void AddTo(Command command)
    {
        command.Add(_rounds);
        command.Add(_dtype);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_rounds) && result.GetValue(_dtype) != NumberType.Float32)
            {
                result.AddError("--round-activations and --dtype bfloat16 exclude each other: choose one of them.");
            }
        });
    }

    /// <summary>What the embedded engine is to do.</summary>
    public EngineOptions Of(ParseResult parse) => new()
    {
        RoundActivations = parse.GetValue(_rounds),
        DType = ((NumberType?)parse.GetValue(_dtype)).ToEngine(),
    };
}
