using System.Globalization;
using System.Text;
using Spar.Ground;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Spar.Runtime.Recipes;

/// <summary>
/// Reads a file that people wrote into YAML nodes. It is bounded in size, in depth and in what its aliases expand to
/// before anything recursive sees it, and it is one document of text: whatever else is given ends in one message with
/// file, line and column.
/// </summary>
internal static class YamlText
{
    private const int MostBytes = 1 << 20;
    private const int MostDepth = 32;
    private const int MostNodes = 20_000;

    /// <summary>A file's text.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">It is absent, no file, unreadable, too large, or not text.</exception>
    public static string Read(string path)
    {
        string name = HarmlessText.Name(path);
        if (Directory.Exists(path))
        {
            throw new SparException($"{name}: this is a folder. Give the path of a recipe file.");
        }

        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[MostBytes + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MostBytes)
            {
                throw new SparException(
                    $"{name}: the file has more than 1 MiB, so it is no recipe. Give the path of a recipe file.");
            }

            using StreamReader reader = new(
                new MemoryStream(bytes, 0, length), new UTF8Encoding(false, throwOnInvalidBytes: true));
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SparException(
                $"{name}: no such file. Give the path of a recipe, or the name of one that comes with the program "
                    + $"({string.Join(", ", ShippedFiles.Recipes())}).", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new SparException($"{name}: the file is not UTF-8 text. Give the path of a recipe file.", e);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SparException($"{name}: the file cannot be read ({HarmlessText.Name(e.Message)}).", e);
        }
    }

    /// <summary>A text's root.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="SparException">The text is not one bounded YAML document.</exception>
    public static YamlNode Parse(string text, string name)
    {
        CheckCharacters(text, name);
        try
        {
            CheckShape(text, name);
            YamlStream stream = new();
            stream.Load(new StringReader(text));
            return stream.Documents is [{ RootNode: not YamlScalarNode { Value: null or "" } and YamlNode root }, ..]
                ? root
                : throw new SparException(
                    $"{name}: the file is empty. A recipe is a group of keys; "
                    + "the recipes folder has some to start from.");
        }
        catch (YamlException e)
        {
            throw Explain(e, text, name);
        }
        catch (Exception e) when (
            e is ArgumentException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            // The library's scanner throws these for some broken escapes and tags, without a place.
            throw new SparException($"{name}: this is not valid YAML.", e);
        }
    }

    private static void CheckCharacters(string text, string name)
    {
        int line = 1;
        int column = 0;
        foreach (char c in text)
        {
            column++;
            if (c == '\n')
            {
                line++;
                column = 0;
            }
            else if ((char.IsControl(c) && c is not ('\t' or '\r' or '\u0085')) || c is '\ufffe' or '\uffff')
            {
                throw At(
                    name, line, column,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the character U+{(int)c:X4} is not allowed in YAML. Is this a text file?"));
            }
        }
    }

    // Looks at the events, which come without recursion: depth, aliases, and how many documents there are.
    private static void CheckShape(string text, string name)
    {
        Parser parser = new(new StringReader(text));
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        Stack<(string? Anchor, long Before)> open = [];
        long nodes = 0;
        int documents = 0;
        while (parser.MoveNext())
        {
            ParsingEvent seen = parser.Current!;
            switch (seen)
            {
                case DocumentStart when ++documents > 1:
                    throw At(
                        name, seen,
                        "a second YAML document begins here; a file has one. Take it out, and the line '---' with it.");
                case AnchorAlias alias:
                    nodes += sizes.TryGetValue(alias.Value.Value, out long size)
                        ? size
                        : throw At(
                            name, seen,
                            $"'*{HarmlessText.Quote(alias.Value.Value)}' refers to nothing that is complete before it.");
                    break;
                case NodeEvent node:
                    nodes++;
                    string? anchor = node.Anchor.IsEmpty ? null : node.Anchor.Value;
                    if (node is MappingStart or SequenceStart)
                    {
                        open.Push((anchor, nodes - 1));
                        if (open.Count > MostDepth)
                        {
                            throw At(name, seen, $"this is nested more than {MostDepth} levels deep; no recipe is.");
                        }
                    }
                    else if (anchor is not null)
                    {
                        sizes[anchor] = 1;
                    }

                    break;
                case MappingEnd or SequenceEnd:
                    (string? closed, long before) = open.Pop();
                    if (closed is not null)
                    {
                        sizes[closed] = nodes - before;
                    }

                    break;
                default:
                    break;
            }

            if (nodes > MostNodes)
            {
                throw At(
                    name, seen,
                    $"the file holds more than {MostNodes} values, aliases counted as what they stand for.");
            }
        }
    }

    private static SparException Explain(YamlException fault, string text, string name)
    {
        string[] lines = text.Split('\n');
        long line = fault.Start.Line;

        // The library places a tab wherever it noticed that indentation is off, often at the file's beginning.
        int tab = Array.FindIndex(lines, one => one.TrimStart(' ') is ['\t', ..] && one.Trim().Length > 0) + 1;
        bool unplaced = line <= 1 && fault.Start.Column <= 1;
        if (tab > 0 && (unplaced || Math.Abs(line - tab) <= 1))
        {
            int column = lines[tab - 1].IndexOf('\t', StringComparison.Ordinal) + 1;
            return At(
                name, tab, column, "a tab stands where the line is indented; YAML is indented with spaces alone.");
        }

        const string duplicate = "Duplicate key";
        string what = fault.Message.StartsWith(duplicate, StringComparison.Ordinal)
            ? $"the key '{HarmlessText.Quote(fault.Message[duplicate.Length..].Trim())}' is given twice in one group."
            : $"this is not valid YAML: {HarmlessText.Quote(fault.Message)}";
        return At(name, line, fault.Start.Column, what);
    }

    private static SparException At(string name, ParsingEvent seen, string message) =>
        At(name, seen.Start.Line, seen.Start.Column, message);

    private static SparException At(string name, long line, long column, string message) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name}:{line}:{column}: {message}"));
}
