using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.InstructionFollowing;

/// <summary>Ready responses to prompts.</summary>
/// <param name="ByKey">The response to each prompt, by the prompt's key.</param>
/// <param name="Missing">
/// The keys of the prompts that have no response, in the prompts' order; empty unless the reading was lenient.
/// </param>
/// <param name="Skipped">
/// One message, with file, line and field, for each line that was left out; empty unless the reading was lenient.
/// </param>
public sealed record InstructionResponses(
    IReadOnlyDictionary<string, string> ByKey, IReadOnlyList<string> Missing, IReadOnlyList<string> Skipped)
{
    /// <summary>
    /// Reads responses from a file of JSON lines with <c>response</c> and either <c>key</c> or <c>prompt</c> (the text,
    /// but for white space at its ends); a key goes before a prompt. A response that is null counts as blank.
    /// </summary>
    /// <param name="file">The file, plain or packed (<c>.gz</c>).</param>
    /// <param name="prompts">The prompts that were to be answered.</param>
    /// <param name="lenient">
    /// Whether faulty lines and missing responses are listed instead of ending the reading.
    /// </param>
    /// <param name="input">
    /// Gives the lines in the file's place, which then is only named in messages; null reads the file.
    /// </param>
    /// <exception cref="EvaluationException">
    /// The file cannot be read; or, unless lenient, a line is no JSON, lacks a field, belongs to no prompt or to one
    /// that was answered before; or a prompt has no response.
    /// </exception>
    public static InstructionResponses Load(
        string file, IReadOnlyList<InstructionPrompt> prompts, bool lenient = false, TextReader? input = null)
    {
        HashSet<string> keys = prompts.Select(p => p.Key).ToHashSet();
        ILookup<string, string> keysByPrompt = prompts.ToLookup(p => PythonText.Strip(p.Prompt), p => p.Key);
        Dictionary<string, string> responses = [];
        LoadedFile<string> lines = JsonLines.Read(file, lenient, line =>
        {
            string key = FindKey(line, keys, keysByPrompt);
            JsonElement response = JsonLines.Field(line, "response");
            string text = response.ValueKind == JsonValueKind.Null ? "" : JsonLines.TextField(line, "response");
            return responses.TryAdd(key, text)
                ? key
                : throw new EvaluationException($"prompt {key} was answered by an earlier line");
        }, input);
        List<string> missing = prompts.Select(p => p.Key).Where(k => !responses.ContainsKey(k)).ToList();
        if (missing.Count > 0 && !lenient)
        {
            string some = string.Join(", ", missing.Take(5)) + (missing.Count > 5 ? ", ..." : "");
            throw new EvaluationException(
                $"{file} has no response to {missing.Count} of {prompts.Count} prompts (key {some}); add them, or "
                + "score leniently to leave these prompts out");
        }

        return new InstructionResponses(responses, missing, lines.Skipped);
    }

    private static string FindKey(JsonElement line, HashSet<string> keys, ILookup<string, string> keysByPrompt)
    {
        if (line.TryGetProperty("key", out _))
        {
            string key = JsonLines.KeyField(line);
            return keys.Contains(key)
                ? key
                : throw new EvaluationException($"field 'key': no prompt has the key {key}");
        }

        if (!line.TryGetProperty("prompt", out _))
        {
            throw new EvaluationException("field 'key' or 'prompt' is missing");
        }

        string[] found = keysByPrompt[PythonText.Strip(JsonLines.TextField(line, "prompt"))].ToArray();
        return found.Length == 1 ? found[0]
            : throw new EvaluationException(found.Length == 0
                ? "field 'prompt': the text is none of the prompts"
                : $"field 'prompt': the text is that of {found.Length} prompts; give 'key' instead");
    }
}
