using Spar.Calls;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Tests.Fakes;

/// <summary>Checks, confirmations and texts of the fake world, where "word N" is good from 5 on.</summary>
internal sealed class FakeSources : ICheckWriter, ITextSource
{
    public Task<Answer> WriteAsync(string instruction, ulong seed, CancellationToken cancellationToken)
    {
        // One check in five is wrong, one in seven cannot be read.
        string check = seed % 7 == 0 ? "whatever" : seed % 5 == 0 ? "contains(\"1\")" : "contains(\"5\", \"6\", \"7\")";
        return Task.FromResult(new Answer(
            $"check: {check}\ncase yes: word 5\ncase yes: word 7\ncase no: word 1\ncase no: word 3"));
    }

    public Task<Answer> ConfirmAsync(
        string instruction, string check, ulong seed, CancellationToken cancellationToken) =>
        Task.FromResult(new Answer($"judgement: {(check.Contains('5', StringComparison.Ordinal) ? "yes" : "no")}"));

    public IReadOnlyList<string> Take(int count, int iteration) =>
        [.. Enumerable.Range(0, count).Select(i => $"word {StableHash.Of($"text {iteration} {i}") % 8}")];
}
