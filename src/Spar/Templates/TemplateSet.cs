using System.Reflection;
using Spar.Ground;

namespace Spar.Templates;

/// <summary>
/// How judging and refining are put into words, and how the outputs are read: a folder with <c>judge.txt</c>,
/// <c>refine.txt</c> and
/// <c>format.json</c>, and the templates that baselines need. The actor's prompt is the instruction itself.
/// </summary>
public sealed class TemplateSet
{
    private const string JudgeFile = "judge.txt";
    private const string RefineFile = "refine.txt";
    private const string FormatFile = "format.json";

    /// <summary>Asks for the instruction that a response answers (Humpback).</summary>
    internal const string BackwardFile = "backward.txt";

    /// <summary>Asks for a check of an instruction and test cases (AutoIF).</summary>
    internal const string ChecksFile = "checks.txt";

    /// <summary>Asks whether a check says what an instruction says (AutoIF).</summary>
    internal const string ConfirmFile = "confirm_check.txt";

    /// <summary>Asks which of two judgements is the better (Meta-Rewarding).</summary>
    internal const string MetaJudgeFile = "meta_judge.txt";

    // Templates that only some of the baselines need; a set may lack them.
    private static readonly (string File, string[] Placeholders)[] s_optional =
    [
        (BackwardFile, ["response"]), (ChecksFile, ["instruction"]), (ConfirmFile, ["instruction", "check"]),
        (MetaJudgeFile, ["instruction", "response", "first", "second"]),
    ];

    private readonly Dictionary<string, PromptTemplate> _more = [];
    private readonly PromptTemplate _judge;
    private readonly PromptTemplate _refine;

    private TemplateSet(string name, Func<string, bool> has, Func<string, string> read)
    {
        Name = name;
        _judge = PromptTemplate.Parse($"{name}/{JudgeFile}", read(JudgeFile), "instruction", "response");
        _refine = PromptTemplate.Parse($"{name}/{RefineFile}", read(RefineFile), "instruction", "response", "critique");
        Format = OutputFormat.Parse($"{name}/{FormatFile}", read(FormatFile));
        foreach ((string file, string[] placeholders) in s_optional.Where(template => has(template.File)))
        {
            _more.Add(file, PromptTemplate.Parse($"{name}/{file}", read(file), placeholders));
        }

        Digest = $"{StableHash.Of($"{_judge}\0{_refine}\0{Format.Signature}\0{string.Join('\0', _more.Values)}"):x16}";
    }

    /// <summary>
    /// Names of the sets that come with the program: "compact" for the nano model, "small" for chat models of less than
    /// about a billion parameters, "full" for larger ones.
    /// </summary>
    public static IReadOnlyList<string> BuiltIn { get; } = ["compact", "small", "full"];

    /// <summary>The built-in name, or the folder as it was given.</summary>
    public string Name { get; }

    /// <summary>The marks in the outputs.</summary>
    public OutputFormat Format { get; }

    /// <summary>Changes when a template or a mark changes; 16 hexadecimal digits.</summary>
    public string Digest { get; }

    /// <summary>Loads a built-in set or a folder.</summary>
    /// <param name="nameOrDirectory">One of <see cref="BuiltIn"/>, or a folder's path.</param>
    /// <exception cref="SparException">
    /// There is no such set or folder, a file is missing, or a template is faulty.
    /// </exception>
    public static TemplateSet Load(string nameOrDirectory)
    {
        if (BuiltIn.Contains(nameOrDirectory))
        {
            return new TemplateSet(nameOrDirectory, file => FindResource(nameOrDirectory, file) is not null, file =>
                ReadResource(nameOrDirectory, file));
        }

        return Directory.Exists(nameOrDirectory)
            ? new TemplateSet(nameOrDirectory, file => File.Exists(Path.Combine(nameOrDirectory, file)), file =>
                ReadFile(nameOrDirectory, file))
            : throw new SparException(
                $"There is no prompt set {nameOrDirectory}. Give {string.Join(", ", BuiltIn)}, or a folder with " +
                $"{JudgeFile}, {RefineFile} and {FormatFile}.");
    }

    /// <summary>The prompt that asks for a judgement.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to judge.</param>
    public string JudgePrompt(string instruction, string response) =>
        _judge.Fill(name => name == "instruction" ? instruction : response);

    /// <summary>The prompt that asks for a refinement.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to refine.</param>
    /// <param name="critique">What was found wrong with it, verdict included.</param>
    public string RefinePrompt(string instruction, string response, string critique) => _refine.Fill(name => name switch
    {
        "instruction" => instruction,
        "response" => response,
        _ => critique,
    });

    /// <summary>A template as it was read, placeholders in it.</summary>
    /// <param name="file">judge.txt, refine.txt or one of this class's names of optional files.</param>
    internal string TextOf(string file) => file switch
    {
        JudgeFile => _judge.ToString(),
        RefineFile => _refine.ToString(),
        _ => _more[file].ToString(),
    };

    /// <summary>A template that not every set has.</summary>
    /// <param name="file">One of this class's names of optional files.</param>
    /// <param name="need">What needs it, for the message.</param>
    /// <exception cref="SparException">The set lacks it.</exception>
    internal PromptTemplate Require(string file, string need) => Find(file)
        ?? throw new SparException(
            $"The prompt set {Name} has no {file}, which {need} needs. Add that template, or name a prompt set that " +
            $"has it.");

    /// <summary>A template that not every set has; null when this one lacks it.</summary>
    /// <param name="file">One of this class's names of optional files.</param>
    internal PromptTemplate? Find(string file) => _more.GetValueOrDefault(file);

    private static Stream? FindResource(string set, string file) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream($"Templates/{set}/{file}");

    private static string ReadResource(string set, string file)
    {
        using Stream stream = FindResource(set, file)
            ?? throw new InvalidOperationException($"The prompt file {set}/{file} is not in the assembly.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private static string ReadFile(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The prompt set {directory} cannot be used: {file} cannot be read ({fault.Message}).", fault);
        }
    }
}
