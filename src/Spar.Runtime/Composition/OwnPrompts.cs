using Spar.Runtime.Evaluation;
using Spar.Runtime.Prompts;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>Makes of prompts in files what models are measured on, in runs and in <c>spar eval prompts</c> alike.</summary>
public static class OwnPrompts
{
    /// <summary>A row as a prompt to measure on.</summary>
    /// <param name="row">The row.</param>
    /// <param name="id">The prompt's id, unique among those that are measured.</param>
    /// <exception cref="SparException">A constraint of the row cannot be checked; the message names file and row.</exception>
    public static OwnPrompt Of(PromptRow row, string id)
    {
        Prompt prompt = PromptConstraints.PromptOf(row, id);
        return new OwnPrompt(prompt, PromptConstraints.Of(row, prompt));
    }

    /// <summary>The prompts of a file, named by their own ids, else by their texts.</summary>
    /// <param name="file">The file, in any layout.</param>
    /// <param name="input">Gives the rows in the file's place; null reads the file.</param>
    /// <exception cref="SparException">A row cannot be read, or two have the same id; the message names file and row.</exception>
    public static IReadOnlyList<OwnPrompt> Read(string file, TextReader? input = null)
    {
        List<OwnPrompt> prompts = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (PromptRow row in PromptRows.Read(file, input))
        {
            string id = row.Id ?? PromptPool.IdOf(row);
            prompts.Add(
                ids.Add(id)
                    ? Of(row, id)
                    : throw new SparException(
                        row.Id is null
                            ? $"{row.Place}: an earlier row has the same prompt. Leave one of them out."
                            : $"{row.Place}: the id {id} is that of an earlier row. Give every row an id of its own, or none."
                    )
            );
        }

        return prompts;
    }

    /// <summary>
    /// How a judge decides on prompts without constraints: asked by the prompt set that suits it, whatever set a run
    /// has, so that figures of different runs can be compared.
    /// </summary>
    /// <param name="judge">The judge's model: a checkpoint, or a served model.</param>
    /// <param name="votes">Judgements a response, at least 1.</param>
    /// <param name="method">Says how judgements are sampled; the recipe's defaults where there is no recipe.</param>
    public static PromptJudging JudgedBy(string judge, int votes, Recipe method) =>
        new(TemplateSet.Load(PromptSets.For(judge, method)), method.Judge, votes);
}
