using Spar.Runtime.Embedded;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Embedded;

/// <summary>Training rows as tokens, for people.</summary>
public sealed class RowTokensTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-row-tokens-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true, "the sea is<|end|>")]
    [InlineData(false, "the sea is")]
    public void What_carries_loss_has_the_end_of_its_turn_unless_it_was_cut_off(bool ended, string learnt)
    {
        string nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        using RunStore store = RunStore.Open(
            _folder, new RunIdentity(new Dictionary<string, string> { ["base_model"] = $"{nano} sha256:12" }));
        (IReadOnlyList<string> pieces, int first, _) =
            new RowTokens().Cut(store, null, "write a line.", "the sea is", refiner: false, ended)!.Value;
        Assert.Equal(learnt, string.Concat(pieces.Skip(first)));
    }
}
