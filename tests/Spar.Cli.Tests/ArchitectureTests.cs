using System.Text.RegularExpressions;
using System.Xml.Linq;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

public class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Spar.Ground"] = [],
        ["Spar.Engine"] = ["Spar.Ground"],
        ["Spar"] = ["Spar.Ground"],
        ["Spar.Evaluation"] = ["Spar.Ground"],
        ["Spar.Nano"] = ["Spar.Ground"],
        ["Spar.Runtime"] = ["Spar.Ground", "Spar.Engine", "Spar", "Spar.Evaluation", "Spar.Nano"],
        ["Spar.Web"] = ["Spar"],
        ["Spar.Cli"] = ["Spar.Ground", "Spar.Engine", "Spar", "Spar.Evaluation", "Spar.Nano", "Spar.Runtime", "Spar.Web"],
    };

    [Fact]
    public void Projects_refer_only_to_what_they_may()
    {
        string[] projects = Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.Equal(s_allowed.Keys.Order(), projects.Select(path => Path.GetFileNameWithoutExtension(path)!).Order());
        foreach (string path in projects)
        {
            string[] references = [.. XDocument.Load(path).Descendants("ProjectReference")
                .Select(element => Path.GetFileNameWithoutExtension((string)element.Attribute("Include")!))];
            string name = Path.GetFileNameWithoutExtension(path);
            Assert.True(references.All(s_allowed[name].Contains), $"{name} refers to {string.Join(", ", references.Except(s_allowed[name]))}");
        }
    }

    [Theory]
    [InlineData("Spar.Evaluation")]
    public void Folders_of_a_project_depend_on_each_other_in_one_direction(string project)
    {
        string[] files =
        [
            .. Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, "src", project), "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)),
        ];
        HashSet<(string From, string To)> arrows = [];
        foreach (string text in files.Select(File.ReadAllText))
        {
            string own = Regex.Match(text, @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value;
            arrows.UnionWith(Regex.Matches(text, @"^using (?:static )?([\w.]+);", RegexOptions.Multiline).Select(match => (own, match.Groups[1].Value))
                .Where(arrow => arrow.Value != own && arrow.Value.StartsWith(project + ".", StringComparison.Ordinal)));
        }

        // Take away folders that depend on none of the rest, again and again; what stays depends on itself.
        while (arrows.RemoveWhere(arrow => arrows.All(other => other.From != arrow.To)) > 0)
        {
        }

        Assert.True(arrows.Count == 0, string.Join(", ", arrows.Select(arrow => $"{arrow.From} -> {arrow.To}")));
    }

    [Fact]
    public void The_method_knows_no_console_no_network_and_no_model_files()
    {
        string[] forbidden = ["System.Net.Http", "Console.", "Spectre", "safetensors", "tokenizer.json", "HttpClient"];
        foreach (string file in Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, "src", "Spar"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)))
        {
            string text = File.ReadAllText(file);
            foreach (string word in forbidden)
            {
                Assert.False(text.Contains(word, StringComparison.Ordinal), $"{file} mentions {word}");
            }
        }
    }
}
