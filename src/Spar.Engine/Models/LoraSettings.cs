using System.Text.RegularExpressions;

namespace Spar.Engine.Models;

/// <summary>
/// How a low-rank adapter (LoRA, Hu et al. 2022) is shaped: y = x (W + s B A)^T, A [r, inputs], B [outputs, r].
/// </summary>
public sealed record LoraSettings
{
    /// <summary>r, at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>s is Alpha / r, or Alpha / sqrt(r) with <see cref="RankStabilized"/>.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Whether s is Alpha / sqrt(r) (rsLoRA, Kalajdzievski 2023).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>
    /// The linear layers that are adapted, as peft's <c>target_modules</c> names them: ends of module names such as
    /// <c>q_proj</c>; or one entry <see cref="AllLinear"/>, which is all of them but the output head. Ignored when
    /// there is a <see cref="TargetPattern"/>.
    /// </summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [AllLinear];

    /// <summary>A regular expression that the whole module name has to match, or null.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>Stands for all linear layers but the output head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>s.</summary>
    public double Scale => Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank);

    /// <summary>The adapted modules of a model, in the model's order.</summary>
    /// <param name="parameters">The model.</param>
    /// <exception cref="EngineException">
    /// A number is out of range, a target names no linear layer, or the pattern is no regular expression.
    /// </exception>
    public IReadOnlyList<LinearParameters> Targets(LlamaParameters parameters)
    {
        LinearParameters[] all = [.. parameters.Linears];
        HashSet<string> chosen = Choose([.. all.Select(linear => linear.Name)], parameters.Config);
        return [.. all.Where(linear => chosen.Contains(linear.Name))];
    }

    /// <summary>Checks what <see cref="Targets"/> would refuse, without a model's weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <exception cref="EngineException">As for <see cref="Targets"/>.</exception>
    public void Check(ModelConfig config) =>
        Choose(
            [
                .. ModelTensors.Shapes(config)
                    .Where(tensor => tensor.Shape.Length == 2 && tensor.Name != "model.embed_tokens.weight")
                    .Select(tensor => tensor.Name[..^".weight".Length])
                    .Union(["lm_head"]),
            ],
            config);

    private HashSet<string> Choose(string[] all, ModelConfig config)
    {
        if (Rank < 1 || !(Alpha > 0) || !double.IsFinite(Alpha))
        {
            throw new EngineException(
                FormattableString.Invariant(
                    $"A LoRA adapter needs a rank of at least 1 and an alpha above 0; they are {Rank} and {Alpha}."));
        }

        HashSet<string> chosen = [.. all.Where(Matches)];
        string wanted = TargetPattern ?? string.Join(", ", TargetModules);
        foreach (string target in TargetPattern is null ? TargetModules : [])
        {
            if (target != AllLinear && !all.Any(name => IsEnd(name, target)))
            {
                var names = all.Select(name => name[(name.LastIndexOf('.') + 1)..]).Distinct();
                throw new EngineException(
                    $"LoRA target module '{target}' is no linear layer of this model. "
                    + $"It has {string.Join(", ", names)}.");
            }
        }

        return chosen.Count == 0
            ? throw new EngineException($"The LoRA target modules '{wanted}' match no linear layer of this model.")
            : config.TieWordEmbeddings && chosen.Contains("lm_head")
                ? throw new EngineException(
                    "LoRA on lm_head is not supported where the output head is the token embedding.")
            : chosen;
    }

    private bool Matches(string module)
    {
        try
        {
            return TargetPattern is { } pattern
                ? Regex.IsMatch(module, $"^(?:{pattern})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))
                : TargetModules.Any(target => target == AllLinear ? module != "lm_head" : IsEnd(module, target));
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new EngineException($"The LoRA target pattern '{TargetPattern}' cannot be used: {e.Message}", e);
        }
    }

    private static bool IsEnd(string module, string target) =>
        module == target || module.EndsWith("." + target, StringComparison.Ordinal);
}
