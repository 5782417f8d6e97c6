using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.InstructionFollowing;

/// <summary>
/// Scores responses by the rules of their prompts' instructions, strictly and loosely, as IFEval (Zhou et al., 2023,
/// arXiv 2311.07911) and IFBench do it alike.
/// </summary>
public static class InstructionScorer
{
    /// <summary>
    /// Scores one response to each prompt. Uses all processors; the result does not depend on their number.
    /// </summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="responses">The response to each prompt, by key; others are ignored.</param>
    /// <exception cref="EvaluationException">
    /// A prompt has no response, or a keyword is a regular expression that needs too many steps on one.
    /// </exception>
    public static InstructionResult Score(
        IReadOnlyList<InstructionPrompt> prompts, IReadOnlyDictionary<string, string> responses)
    {
        foreach (InstructionPrompt prompt in prompts)
        {
            if (!responses.ContainsKey(prompt.Key))
            {
                throw new EvaluationException(
                    $"prompt {prompt.Key} has no response; give one, or leave the prompt out");
            }
        }

        InstructionSample[] samples = new InstructionSample[prompts.Count];
        try
        {
            Parallel.For(0, samples.Length, i => samples[i] = Score(prompts[i], responses[prompts[i].Key]));
        }
        catch (AggregateException fault) when (fault.InnerException is EvaluationException inner)
        {
            throw new EvaluationException(inner.Message, fault);
        }

        return Summarize(prompts, samples);
    }

    /// <summary>Scores one response.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="response">The response as the model gave it; may be blank.</param>
    /// <exception cref="EvaluationException">
    /// A keyword is a regular expression that needs too many steps on the response.
    /// </exception>
    public static InstructionSample Score(InstructionPrompt prompt, string response)
    {
        int count = prompt.Instructions.Count;
        InstructionSample sample = new(prompt.Key, new bool[count], new bool[count], new string[count]);
        List<string>? variants = null;
        for (int i = 0; i < count; i++)
        {
            InstructionVerifier verifier = prompt.Instructions[i].Verifier;
            (sample.Strict[i], sample.Explanations[i]) = verifier.Verify(response);

            // The response is a variant of itself, so what holds strictly holds loosely.
            sample.Loose[i] = sample.Strict[i]
                || (variants ??= OtherVariants(response)).Exists(v => verifier.Verify(v).Followed);
        }

        return sample;
    }

    /// <summary>Adds up verdicts.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="samples">The verdicts on the response to each prompt, in the same order.</param>
    public static InstructionResult Summarize(
        IReadOnlyList<InstructionPrompt> prompts, IReadOnlyList<InstructionSample> samples)
    {
        List<(string Id, bool Strict, bool Loose)> verdicts = prompts
            .Zip(samples)
            .SelectMany(pair => pair.First.Instructions.Select(
                (instruction, i) => (instruction.Id, pair.Second.Strict[i], pair.Second.Loose[i])))
            .ToList();
        return new InstructionResult(
            samples,
            Count(samples.Select(s => (s.Strict.All(f => f), s.Loose.All(f => f)))),
            Count(verdicts.Select(v => (v.Strict, v.Loose))),
            CountBy(InstructionRegistry.Ids, id => id),
            CountBy(InstructionRegistry.Families, InstructionRegistry.FamilyOf));

        OrderedDictionary<string, InstructionCount> CountBy(IEnumerable<string> groups, Func<string, string> groupOf) =>
            new(from g in groups
                let count = Count(verdicts.Where(v => groupOf(v.Id) == g).Select(v => (v.Strict, v.Loose)))
                where count.Count > 0
                select KeyValuePair.Create(g, count));
    }

    private static InstructionCount Count(IEnumerable<(bool Strict, bool Loose)> verdicts) => verdicts.Aggregate(
        new InstructionCount(0, 0, 0),
        (sum, v) =>
            new InstructionCount(sum.Count + 1, sum.Strict + (v.Strict ? 1 : 0), sum.Loose + (v.Loose ? 1 : 0)));

    /// <summary>
    /// The variants of a response besides itself: without its first line, its last, or both, stripped; and all of
    /// these, and the response, without asterisks. Blank ones, which follow nothing, and repeated ones are left out.
    /// </summary>
    private static List<string> OtherVariants(string response)
    {
        int first = response.IndexOf('\n', StringComparison.Ordinal);
        int last = response.LastIndexOf('\n');
        List<string> variants = [response];
        if (first >= 0)
        {
            variants.Add(PythonText.Strip(response[(first + 1)..]));
            variants.Add(PythonText.Strip(response[..last]));
            variants.Add(first < last ? PythonText.Strip(response[(first + 1)..last]) : "");
        }

        variants.AddRange(variants.ConvertAll(v => v.Replace("*", "", StringComparison.Ordinal)));
        return variants.Skip(1).Distinct().Where(v => v != response && !PythonText.IsBlank(v)).ToList();
    }
}
