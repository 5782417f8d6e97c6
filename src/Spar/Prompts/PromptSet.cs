using System.Reflection;
using Spar.Calls;

namespace Spar.Prompts;

/// <summary>
/// How judging and refining are put into words, and how the outputs are read: a folder with <c>judge.txt</c>, <c>refine.txt</c> and
/// <c>format.json</c>. The actor's prompt is the instruction itself.
/// </summary>
public sealed class PromptSet
{
    private const string JudgeFile = "judge.txt";
    private const string RefineFile = "refine.txt";
    private const string FormatFile = "format.json";

    private readonly PromptTemplate _judge;
    private readonly PromptTemplate _refine;

    private PromptSet(string name, Func<string, string> read)
    {
        Name = name;
        _judge = PromptTemplate.Parse($"{name}/{JudgeFile}", read(JudgeFile), "instruction", "response");
        _refine = PromptTemplate.Parse($"{name}/{RefineFile}", read(RefineFile), "instruction", "response", "critique");
        Format = OutputFormat.Parse($"{name}/{FormatFile}", read(FormatFile));
        Digest = $"{StableHash.Of($"{_judge}\0{_refine}\0{Format}"):x16}";
    }

    /// <summary>Names of the sets that come with the program: "compact" for very small models, "full" for models of about 7B and up.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = ["compact", "full"];

    /// <summary>The built-in name, or the folder as it was given.</summary>
    public string Name { get; }

    /// <summary>The marks in the outputs.</summary>
    public OutputFormat Format { get; }

    /// <summary>Changes when a template or a mark changes; 16 hexadecimal digits.</summary>
    public string Digest { get; }

    /// <summary>Loads a built-in set or a folder.</summary>
    /// <param name="nameOrDirectory">One of <see cref="BuiltIn"/>, or a folder's path.</param>
    /// <exception cref="SparException">There is no such set or folder, a file is missing, or a template is faulty.</exception>
    public static PromptSet Load(string nameOrDirectory)
    {
        if (BuiltIn.Contains(nameOrDirectory))
        {
            return new PromptSet(nameOrDirectory, file => ReadResource(nameOrDirectory, file));
        }

        return Directory.Exists(nameOrDirectory)
            ? new PromptSet(nameOrDirectory, file => ReadFile(nameOrDirectory, file))
            : throw new SparException(
                $"There is no prompt set {nameOrDirectory}. Give {string.Join(" or ", BuiltIn)}, or a folder with {JudgeFile}, {RefineFile} and {FormatFile}.");
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

    private static string ReadResource(string set, string file)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Prompts/{set}/{file}")
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
            throw new SparException($"The prompt set {directory} cannot be used: {file} cannot be read ({fault.Message}).", fault);
        }
    }
}
