using Spar.Runtime.Models;
using Spar.TestSupport;
using Xunit;

namespace Spar.Runtime.Tests.Composition;

public sealed class ModelReferenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-models").FullName;
    private readonly string? _cache = Environment.GetEnvironmentVariable("HF_HUB_CACHE");

    public ModelReferenceTests() => Environment.SetEnvironmentVariable("HF_HUB_CACHE", _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", _cache);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_name_is_the_snapshot_that_the_cache_has_for_its_main_branch()
    {
        string model = Path.Combine(_folder, "models--org--tiny");
        Directory.CreateDirectory(Path.Combine(model, "snapshots", "abc"));
        Directory.CreateDirectory(Path.Combine(model, "refs"));
        File.WriteAllText(Path.Combine(model, "refs", "main"), "abc\n");

        Assert.Equal(Path.Combine(model, "snapshots", "abc"), ModelReference.Resolve("org/tiny").Location);
    }

    [Fact]
    public void A_served_model_is_known_by_its_name()
    {
        ModelReference served = ModelReference.Resolve("http://localhost:8000/v1#org/qwen");

        Assert.Equal("org/qwen", served.ServedName);
        Assert.Equal([new Uri("http://localhost:8000/v1")], served.Addresses);
    }

    [Fact]
    public void A_folder_is_itself()
    {
        string nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");

        Assert.Equal(nano, ModelReference.Resolve(nano).Location);
    }

    [Theory]
    [InlineData("org/absent", "There is no model 'org/absent'")]
    [InlineData("http://localhost:8000/v1,nowhere#x", "names no served model")]
    [InlineData("http://me:secret@localhost:8000/v1#x", "The address of localhost holds a user's name or password")]
    [InlineData("pool://#x", "names no pool")]
    [InlineData("ftp://localhost#x", "names no served model")]
    public void What_is_no_model_is_refused_with_all_spellings(string text, string why) =>
        Assert.Contains(why, Assert.Throws<SparException>(() => ModelReference.Resolve(text)).Message);
}
