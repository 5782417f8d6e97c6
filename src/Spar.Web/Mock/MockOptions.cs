namespace Spar.Web.Mock;

/// <summary>What a mock server is like.</summary>
public sealed record MockOptions
{
    /// <summary>The port on this machine; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Names of the models that it serves, at least one.</summary>
    public IReadOnlyList<string> Models { get; init; } = ["mock"];

    /// <summary>Decides every answer.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Decides every fault; servers of one pool give the same answers and different faults.</summary>
    public ulong FaultSeed { get; init; } = 1;

    /// <summary>Time before the first token.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Time for each token.</summary>
    public TimeSpan Token { get; init; }

    /// <summary>Tokens of an answer in the mean, at least 1.</summary>
    public int Tokens { get; init; } = 40;

    /// <summary>Share of the judgements that say yes, 0..1.</summary>
    public double Yes { get; init; } = 0.3;

    /// <summary>Choices that are in the making at once, at least 1; a request for more gets status 429.</summary>
    public int Slots { get; init; } = int.MaxValue;

    /// <summary>What a request with status 429 or 503 is told to wait; null tells nothing.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether a request for several choices gets them; else it gets one.</summary>
    public bool ManyChoices { get; init; } = true;

    /// <summary>The key that requests must have; null takes any.</summary>
    public string? ApiKey { get; init; }

    /// <summary>What goes wrong, and how often.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>Template sets whose questions it knows, by name or folder.</summary>
    public IReadOnlyList<string> PromptSets { get; init; } = ["compact", "small", "full"];

    /// <summary>Is told how many requests have come, with each; null for nobody. Called from many threads.</summary>
    public Action<long>? Asked { get; init; }

    /// <summary>The clock of its latencies.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
