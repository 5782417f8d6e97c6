using System.Globalization;
using Spar.Calls;
using Spar.Seams;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>Collects what is wrong with a recipe, so that one message names every key.</summary>
internal sealed class RecipeCheck
{
    private readonly List<string> _faults = [];

    public void That(bool holds, string key, string rule, object? value)
    {
        if (!holds)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{key} {rule} (it is {value ?? "not set"})"));
        }
    }

    public void AtLeast(double least, string key, double value) =>
        That(value >= least && double.IsFinite(value), key, string.Create(CultureInfo.InvariantCulture, $"must be at least {least}"), value);

    public void Share(string key, double value) => That(value is >= 0 and <= 1, key, "must be between 0 and 1", value);

    public void Sampling(string key, Sampling sampling)
    {
        AtLeast(0, $"{key}.temperature", sampling.Temperature);
        That(sampling.TopP is > 0 and <= 1, $"{key}.topP", "must be above 0 and at most 1", sampling.TopP);
        AtLeast(1, $"{key}.maxTokens", sampling.MaxTokens);
    }

    public void Search(SearchSettings search)
    {
        AtLeast(1, "search.branch", search.Branch);
        AtLeast(1, "search.selectBranch", search.SelectBranch);
        AtLeast(1, "search.maxDepth", search.MaxDepth);
        AtLeast(1, "search.maxCalls", search.MaxCalls);
        AtLeast(1, "search.refinementTries", search.RefinementTries);
        Share("search.gate", search.Gate);
        Share("search.backtrackBelow", search.BacktrackBelow);
    }

    public void Quotas(RefinerQuotas quotas)
    {
        AtLeast(0, "quotas.refinements", quotas.Refinements);
        AtLeast(0, "quotas.treeYes", quotas.TreeYes);
        AtLeast(0, "quotas.treeNo", quotas.TreeNo);
        AtLeast(0, "quotas.voteYes", quotas.VoteYes);
        AtLeast(0, "quotas.voteNo", quotas.VoteNo);
    }

    public void Training(string key, TrainingSettings settings)
    {
        That(settings.LearningRate > 0 && double.IsFinite(settings.LearningRate), $"{key}.learningRate", "must be above 0", settings.LearningRate);
        Share($"{key}.warmupRatio", settings.WarmupRatio);
        AtLeast(0, $"{key}.epochs", settings.Epochs);
        AtLeast(1, $"{key}.batchSize", settings.BatchSize);
        AtLeast(1, $"{key}.cutoffTokens", settings.CutoffTokens);
        AtLeast(0, $"{key}.weightDecay", settings.WeightDecay);
        AtLeast(0, $"{key}.maxGradientNorm", settings.MaxGradientNorm);
        That(settings.Beta > 0 && double.IsFinite(settings.Beta), $"{key}.beta", "must be above 0", settings.Beta);
        AtLeast(0, $"{key}.sftWeight", settings.SftWeight);
        if (settings.Lora is { } lora)
        {
            AtLeast(1, $"{key}.lora.rank", lora.Rank);
            That(lora.Alpha > 0 && double.IsFinite(lora.Alpha), $"{key}.lora.alpha", "must be above 0", lora.Alpha);
            That(lora.TargetModules.Count > 0, $"{key}.lora.targetModules", "must name a layer", null);
        }
    }

    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            throw new SparException($"The recipe cannot be run: {string.Join("; ", _faults)}.");
        }
    }
}
