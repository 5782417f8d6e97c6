using Spar.Calls;
using Spar.Templates;

namespace Spar.Evolution;

/// <summary>A seed and the families along which it is to be evolved.</summary>
/// <param name="Seed">The simple prompt.</param>
/// <param name="Main">The main constraint's family.</param>
/// <param name="Others">Families of the other constraints, 1 to 3.</param>
public sealed record EvolutionTask(string Seed, ConstraintFamily Main, IReadOnlyList<ConstraintFamily> Others);

/// <summary>Writes evolved prompts.</summary>
public interface IEvolutionTeacher
{
    /// <summary>Evolves one seed.</summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="task">The seed and the families.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>An output that <see cref="EvolutionParser"/> reads.</returns>
    /// <exception cref="CallFailedException">The call failed.</exception>
    Task<Answer> EvolveAsync(string key, EvolutionTask task, CancellationToken cancellationToken);
}

/// <summary>A chat model as teacher, asked with a template.</summary>
/// <param name="caller">The model.</param>
/// <param name="template">The template; see <see cref="Template"/>.</param>
/// <param name="sampling">How outputs are sampled; the reference has temperature 0.7.</param>
public sealed class ModelEvolutionTeacher(
    ModelCaller caller, PromptTemplate template, Sampling sampling) : IEvolutionTeacher
{
    /// <summary>
    /// Reads a template file, which needs the placeholders {seed}, {main} and {others}; null gives the built-in one.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">The file cannot be read, or lacks a placeholder.</exception>
    public static PromptTemplate Template(string? path)
    {
        try
        {
            return PromptTemplate.Parse(
                path ?? "Evolution/evolve.txt", path is null ? BuiltInText() : File.ReadAllText(path), "seed", "main",
                "others");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException($"The template {path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <inheritdoc/>
    public async Task<Answer> EvolveAsync(string key, EvolutionTask task, CancellationToken cancellationToken)
    {
        string prompt = template.Fill(name => name switch
        {
            "seed" => task.Seed,
            "main" => task.Main.ToString(),
            _ => string.Join('\n', task.Others),
        });
        return await caller.AskAsync(key, prompt, sampling, cancellationToken).ConfigureAwait(false);
    }

    private static string BuiltInText()
    {
        using Stream stream = typeof(ModelEvolutionTeacher).Assembly.GetManifestResourceStream("Evolution/evolve.txt")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
