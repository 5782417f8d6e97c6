using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.Instructions;
using Spar.Ground;

namespace Spar.Evaluation.InstructionFollowing;

/// <summary>An instruction of a prompt.</summary>
/// <param name="Id">Its id, one of <see cref="InstructionRegistry.Ids"/>.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Verifier">The check that these two make.</param>
public sealed record Instruction(string Id, InstructionArguments Arguments, InstructionVerifier Verifier);

/// <summary>A prompt with the instructions that its response is to follow.</summary>
/// <param name="Key">The number or text that names the prompt.</param>
/// <param name="Prompt">The text given to the model.</param>
/// <param name="Instructions">The instructions in the order of <c>instruction_id_list</c>; at least one.</param>
public sealed record InstructionPrompt(string Key, string Prompt, IReadOnlyList<Instruction> Instructions)
{
    /// <summary>Whether the key is a number where the prompt was read; results give it in the same form.</summary>
    public bool KeyIsNumber { get; init; }

    /// <summary>
    /// What the prompt asks for without its constraints, where the file says so in <c>request</c>; null where not.
    /// </summary>
    public string? Request { get; init; }

    /// <summary>
    /// Reads the prompts of a file of JSON lines with <c>key</c>, <c>prompt</c>, <c>instruction_id_list</c> and
    /// <c>kwargs</c>, the form of IFEval and IFBench.
    /// </summary>
    /// <param name="file">The file, plain or packed (<c>.gz</c>).</param>
    /// <param name="lenient">Whether faulty lines are skipped and listed instead of ending the reading.</param>
    /// <returns>The prompts in the order of the file.</returns>
    /// <exception cref="EvaluationException">
    /// The file cannot be read; or, unless lenient, a line is no JSON, lacks a field, repeats a key, names an unknown
    /// instruction or gives an instruction arguments that it cannot use. The message names file, line and field.
    /// </exception>
    public static LoadedFile<InstructionPrompt> Load(string file, bool lenient = false)
    {
        HashSet<string> keys = [];
        return JsonLines.Read(file, lenient, line =>
        {
            InstructionPrompt prompt = Parse(line);
            return keys.Add(prompt.Key)
                ? prompt
                : throw new EvaluationException($"field 'key': {prompt.Key} is used by an earlier line");
        });
    }

    private static InstructionPrompt Parse(JsonElement line)
    {
        string key = JsonLines.KeyField(line);
        string prompt = JsonLines.TextField(line, "prompt");
        JsonElement[] ids = List(line, "instruction_id_list");
        JsonElement[] arguments = List(line, "kwargs");
        if (ids.Length == 0)
        {
            throw new EvaluationException("field 'instruction_id_list' is empty");
        }

        if (ids.Length != arguments.Length)
        {
            throw new EvaluationException(
                $"field 'kwargs' has {arguments.Length} entries for the {ids.Length} of 'instruction_id_list'");
        }

        List<Instruction> instructions = [];
        for (int i = 0; i < ids.Length; i++)
        {
            instructions.Add(ParseInstruction(ids[i], arguments[i], i));
        }

        bool numeric = JsonLines.Field(line, "key").ValueKind == JsonValueKind.Number;
        return new InstructionPrompt(key, prompt, instructions)
        {
            KeyIsNumber = numeric,
            Request = line.TryGetProperty("request", out _) ? JsonLines.TextField(line, "request") : null,
        };
    }

    private static Instruction ParseInstruction(JsonElement idValue, JsonElement argumentsValue, int index)
    {
        string? id = idValue.ValueKind == JsonValueKind.String ? JsonText.AsWritten(idValue) : null;
        if (id is null || !InstructionRegistry.Contains(id))
        {
            throw new EvaluationException(
                $"field 'instruction_id_list[{index}]': unknown instruction id '{id ?? idValue.GetRawText()}'");
        }

        try
        {
            InstructionArguments arguments = argumentsValue.ValueKind == JsonValueKind.Null
                ? InstructionArguments.None
                : new InstructionArguments(argumentsValue);
            return new Instruction(id, arguments, InstructionRegistry.Create(id, arguments));
        }
        catch (EvaluationException fault)
        {
            throw new EvaluationException($"field 'kwargs[{index}]': {fault.Message}", fault);
        }
    }

    private static JsonElement[] List(JsonElement line, string name)
    {
        JsonElement value = JsonLines.Field(line, name);
        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().ToArray()
            : throw new EvaluationException($"field '{name}' is no list");
    }
}
