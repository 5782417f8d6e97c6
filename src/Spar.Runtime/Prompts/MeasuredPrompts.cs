using Spar.Evaluation.Synthesis;

namespace Spar.Runtime.Prompts;

/// <summary>A prompt that models are measured by.</summary>
/// <param name="Name">The benchmark and the key of the prompt in it, or file and row.</param>
/// <param name="Text">Its text.</param>
public sealed record MeasuredPrompt(string Name, string Text);

/// <summary>What a row has in common with a prompt that models are measured by.</summary>
/// <param name="Prompt">The prompt's name.</param>
/// <param name="Measure">What they share.</param>
public sealed record NearMatch(string Prompt, string Measure);

/// <summary>Prompts that models are measured by, which no prompt that they learn from may be near to.</summary>
public sealed class MeasuredPrompts
{
    private readonly NearPrompts _prompts = new();

    /// <summary>Takes prompts in.</summary>
    /// <param name="prompts">The prompts.</param>
    public MeasuredPrompts(IEnumerable<MeasuredPrompt> prompts)
    {
        foreach (MeasuredPrompt prompt in prompts)
        {
            _prompts.Add(prompt.Text);
        }
    }

    /// <summary>The prompts of a file, in any layout.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">It cannot be read; thrown while the prompts are enumerated.</exception>
    public static IEnumerable<MeasuredPrompt> Read(string file) =>
        RecordFile
            .Read(file)
            .Select(record => PromptLayout.Read(record.Place, record.Value))
            .Select(row => new MeasuredPrompt(row.Id is null ? row.Place : $"{file}, {row.Id}", row.Text));

    /// <summary>What a row is near to; null where it is near to none.</summary>
    /// <param name="row">The row.</param>
    public NearMatch? FindNear(PromptRow row) =>
        _prompts.HasNear(row.Text) ? new NearMatch("", $"{NearPrompts.RunLength} words in a row") : null;
}
