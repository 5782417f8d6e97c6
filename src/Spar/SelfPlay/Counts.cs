namespace Spar.SelfPlay;

/// <summary>Counts by name, in the order in which the names first came up.</summary>
internal sealed class Counts
{
    private readonly OrderedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<ItemFailure> _failures = [];

    public void Add(string name, long more = 1) => _counts[name] = _counts.GetValueOrDefault(name) + more;

    public void AddReasons(string what, IEnumerable<string>? reasons)
    {
        foreach (string reason in reasons ?? [])
        {
            Add($"unparsed {what}: {reason}");
        }
    }

    public void Fail(string item, string reason) => _failures.Add(new ItemFailure(item, reason));

    public StageStatistics ToStatistics() => new(_counts, _failures);
}
