using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.LlmBar;

/// <summary>How a judge is asked which of two outputs is better, and how its answer is read.</summary>
public sealed partial class PairwiseTemplate
{
    private readonly string? _system;
    private readonly string _prompt;
    private readonly PythonRegex _firstWins;
    private readonly PythonRegex _secondWins;

    /// <summary>Makes a template.</summary>
    /// <param name="prompt">
    /// The user message with <c>{input}</c>, <c>{output_1}</c> (shown first) and <c>{output_2}</c>.
    /// </param>
    /// <param name="firstPattern">Python regular expression that is found where the first-shown output wins.</param>
    /// <param name="secondPattern">Likewise for the second-shown output.</param>
    /// <param name="system">A system message; null for none.</param>
    /// <exception cref="EvaluationException">A placeholder is missing or a pattern is malformed.</exception>
    public PairwiseTemplate(string prompt, string firstPattern, string secondPattern, string? system = null)
    {
        foreach (string placeholder in new[] { "{input}", "{output_1}", "{output_2}" })
        {
            if (!prompt.Contains(placeholder, StringComparison.Ordinal))
            {
                throw new EvaluationException($"The LLMBar template lacks {placeholder}.");
            }
        }

        _prompt = prompt;
        _system = system;
        _firstWins = new PythonRegex(firstPattern);
        _secondWins = new PythonRegex(secondPattern);
    }

    /// <summary>The template that is used unless another is given: explain, then one closing line.</summary>
    public static PairwiseTemplate Default { get; } =
        new(
            "Which of the two outputs below carries out the instruction better?\n"
                + "First check whether each output does exactly what was asked, no more and no less. Only between "
                + "outputs that do, let correctness, "
                + "helpfulness and style decide. The order in which they are shown means nothing.\n\n"
                + "[Instruction]\n{input}\n\n[Output (a)]\n{output_1}\n\n[Output (b)]\n{output_2}\n\n"
                + "Explain your decision in a few sentences. Then end with one line that is exactly \"Output (a) "
                + "is better.\" or \"Output (b) is better.\"",
            """Output \(a\) is better\.?[*"\s]*$""",
            """Output \(b\) is better\.?[*"\s]*$"""
        );

    /// <summary>Reads a template from a JSON file: {"system"?, "prompt", "patterns": {"1", "2"}}.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="EvaluationException">The file cannot be read, or is no such template.</exception>
    public static PairwiseTemplate Load(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = document.RootElement;
            JsonElement patterns = root.GetProperty("patterns");
            return new PairwiseTemplate(
                root.GetProperty("prompt").GetString()!,
                patterns.GetProperty("1").GetString()!,
                patterns.GetProperty("2").GetString()!,
                root.TryGetProperty("system", out JsonElement text) ? text.GetString() : null
            );
        }
        catch (Exception fault)
            when (fault
                    is IOException
                        or UnauthorizedAccessException
                        or JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
            )
        {
            throw new EvaluationException(
                $"{path}: not an LLMBar template ({{\"system\"?, \"prompt\", \"patterns\": {{\"1\", \"2\"}}}}): "
                    + $"{fault.Message}",
                fault
            );
        }
    }

    /// <summary>The messages that ask about one pair.</summary>
    /// <param name="input">The instruction.</param>
    /// <param name="first">The output shown first.</param>
    /// <param name="second">The output shown second.</param>
    public IReadOnlyList<ChatMessage> Messages(string input, string first, string second)
    {
        string text = Placeholder()
            .Replace(
                _prompt,
                match =>
                    match.Value switch
                    {
                        "{input}" => input,
                        "{output_1}" => first,
                        _ => second,
                    }
            );
        ChatMessage user = new(ChatRole.User, text);
        return _system is null ? [user] : [new ChatMessage(ChatRole.System, _system), user];
    }

    /// <summary>
    /// Reads a completion: it is stripped, then the patterns are searched in order; the first that is found wins.
    /// </summary>
    /// <param name="completion">The raw completion.</param>
    /// <returns>1 or 2 in the order shown; null where neither is found.</returns>
    public int? ShownWinner(string completion)
    {
        string text = PythonText.Strip(completion);
        return _firstWins.IsFoundIn(text) ? 1
            : _secondWins.IsFoundIn(text) ? 2
            : null;
    }

    [GeneratedRegex(@"\{input\}|\{output_1\}|\{output_2\}")]
    private static partial Regex Placeholder();
}
