namespace Spar.Ground.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-ground-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    [Fact]
    public void A_file_is_replaced_by_what_was_written_and_nothing_stays_beside_it()
    {
        AtomicFile.WriteText(At("deep/er/file.txt"), "old");
        AtomicFile.WriteText(At("deep/er/file.txt"), "né\n");
        Assert.Equal("né\n"u8.ToArray(), File.ReadAllBytes(At("deep/er/file.txt")));
        Assert.Single(Directory.GetFiles(At("deep/er")));
    }

    [Fact]
    public void Lines_end_in_a_line_feed_on_every_system()
    {
        AtomicFile.WriteLines(At("lines"), ["a", "", "é"]);
        Assert.Equal("a\n\né\n"u8.ToArray(), File.ReadAllBytes(At("lines")));
        AtomicFile.WriteLines(At("none"), []);
        Assert.Empty(File.ReadAllBytes(At("none")));
    }

    [Fact]
    public void A_name_in_the_current_folder_is_enough()
    {
        string name = Path.GetRelativePath(Directory.GetCurrentDirectory(), At("plain"));
        AtomicFile.WriteText(name, "x");
        Assert.Equal("x", File.ReadAllText(At("plain")));
    }

    [Fact]
    public void A_full_disk_leaves_the_old_file_and_a_fault_with_the_remedy()
    {
        AtomicFile.WriteText(At("kept"), "old");
        UserFaultException fault = Assert.Throws<UserFaultException>(() =>
            AtomicFile.Write(
                At("kept"),
                stream =>
                {
                    stream.Write(new byte[100_000]);
                    throw new IOException("No space left on device");
                }
            )
        );
        Assert.Contains(At("kept"), fault.Message);
        Assert.Contains(
            "No space left on device. The previous file was left as it was. Free some space",
            fault.Message
        );
        Assert.Equal("old", File.ReadAllText(At("kept")));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_fault_of_the_writer_itself_passes_unchanged_and_leaves_the_old_file()
    {
        AtomicFile.WriteText(At("kept"), "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.WriteLines(At("kept"), Broken()));
        Assert.Equal("old", File.ReadAllText(At("kept")));
        Assert.Single(Directory.GetFiles(_folder));

        static IEnumerable<string> Broken()
        {
            yield return "half";
            throw new InvalidOperationException();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("taken")]
    [InlineData("taken/")]
    [InlineData("file/below")]
    [InlineData("missing/")]
    public void A_path_that_can_hold_no_file_is_a_fault_that_names_it(string name)
    {
        Directory.CreateDirectory(At("taken"));
        File.WriteAllText(At("file"), "");
        string path = name.Length == 0 ? "" : _folder + "/" + name;
        UserFaultException fault = Assert.Throws<UserFaultException>(() => AtomicFile.WriteText(path, "x"));
        Assert.Contains(path.Replace("\0", "\\0", StringComparison.Ordinal), fault.Message);
        Assert.NotNull(fault.Remedy);
        Assert.EndsWith(fault.Remedy, fault.Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
