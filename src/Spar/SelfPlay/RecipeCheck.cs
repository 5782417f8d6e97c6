using System.Globalization;
using Spar.Calls;
using Spar.Seams;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>Collects what is wrong with a recipe, so that one message names every key. Keys are written as in recipes: snake case, groups before their keys.</summary>
public sealed class RecipeCheck
{
    private readonly List<RecipeFault> _faults = [];

    /// <summary>Notes a value that breaks a rule.</summary>
    /// <param name="holds">Whether the rule holds.</param>
    /// <param name="key">The key as recipes write it, groups before their keys.</param>
    /// <param name="rule">The rule: "must be ...".</param>
    /// <param name="value">The value.</param>
    public void That(bool holds, string key, string rule, object? value)
    {
        if (!holds)
        {
            _faults.Add(new RecipeFault(key, string.Create(CultureInfo.InvariantCulture, $"{rule} (it is {value ?? "not set"})")));
        }
    }

    /// <summary>Notes a value that cannot be used.</summary>
    /// <param name="key">The key.</param>
    /// <param name="reason">Why not, in whole sentences.</param>
    public void Cannot(string key, string reason) => _faults.Add(new RecipeFault(key, $"cannot be used: {reason.TrimEnd('.')}"));

    /// <summary>A number must not be less than another.</summary>
    /// <param name="least">The least that is allowed.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    public void AtLeast(double least, string key, double value) =>
        That(value >= least && double.IsFinite(value), key, string.Create(CultureInfo.InvariantCulture, $"must be at least {least}"), value);

    /// <summary>A number must lie between 0 and 1, both allowed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    public void Share(string key, double value) => That(value is >= 0 and <= 1, key, "must be between 0 and 1", value);

    internal void Sampling(string key, Sampling sampling)
    {
        AtLeast(0, $"{key}.temperature", sampling.Temperature);
        That(sampling.TopP is > 0 and <= 1, $"{key}.top_p", "must be above 0 and at most 1", sampling.TopP);
        AtLeast(1, $"{key}.max_tokens", sampling.MaxTokens);
    }

    internal void Search(SearchSettings search)
    {
        AtLeast(1, "search.branch", search.Branch);
        AtLeast(1, "search.select_branch", search.SelectBranch);
        AtLeast(1, "search.max_depth", search.MaxDepth);
        AtLeast(1, "search.max_calls", search.MaxCalls);
        AtLeast(1, "search.refinement_tries", search.RefinementTries);
        Share("search.gate", search.Gate);
        Share("search.backtrack_below", search.BacktrackBelow);
    }

    internal void Quotas(RefinerQuotas quotas)
    {
        AtLeast(0, "quotas.refinements", quotas.Refinements);
        AtLeast(0, "quotas.tree_yes", quotas.TreeYes);
        AtLeast(0, "quotas.tree_no", quotas.TreeNo);
        AtLeast(0, "quotas.vote_yes", quotas.VoteYes);
        AtLeast(0, "quotas.vote_no", quotas.VoteNo);
    }

    internal void Training(string key, TrainingSettings settings)
    {
        That(settings.LearningRate > 0 && double.IsFinite(settings.LearningRate), $"{key}.learning_rate", "must be above 0", settings.LearningRate);
        Share($"{key}.warmup_ratio", settings.WarmupRatio);
        AtLeast(0, $"{key}.epochs", settings.Epochs);
        AtLeast(1, $"{key}.batch_size", settings.BatchSize);
        AtLeast(1, $"{key}.cutoff_tokens", settings.CutoffTokens);
        AtLeast(0, $"{key}.weight_decay", settings.WeightDecay);
        AtLeast(0, $"{key}.max_gradient_norm", settings.MaxGradientNorm);
        if (settings is PreferenceSettings preference)
        {
            That(preference.Beta > 0 && double.IsFinite(preference.Beta), $"{key}.beta", "must be above 0", preference.Beta);
            AtLeast(0, $"{key}.sft_weight", preference.SftWeight);
        }

        if (settings.Lora is { } lora)
        {
            AtLeast(1, $"{key}.lora.rank", lora.Rank);
            That(lora.Alpha > 0 && double.IsFinite(lora.Alpha), $"{key}.lora.alpha", "must be above 0", lora.Alpha);
            That(lora.TargetModules.Count > 0, $"{key}.lora.target_modules", "must name a layer", null);
        }
    }

    /// <summary>Ends the check.</summary>
    /// <exception cref="RecipeException">Something is wrong.</exception>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            throw new RecipeException(_faults);
        }
    }
}
