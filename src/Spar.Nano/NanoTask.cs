using Spar.Ground;

namespace Spar.Nano;

/// <summary>What kind of text a task asks for.</summary>
public enum TaskForm
{
    /// <summary>One sentence of 3 to 12 words.</summary>
    Line,

    /// <summary>A story of 2 to 6 sentences and 15 to 40 words, most of whose content is free.</summary>
    Story,
}

/// <summary>
/// A writing task: a topic and some constraints, with the English instruction that states them and exact checks.
/// </summary>
public sealed record NanoTask
{
    /// <summary>Makes a task; the instruction's wording is drawn from the seeded generator.</summary>
    /// <param name="form">Line or story.</param>
    /// <param name="topic">A key of <see cref="Lexicon.Topics"/>.</param>
    /// <param name="constraints">In the order in which the instruction states them.</param>
    /// <param name="random">Picks among the ways to say the same.</param>
    public NanoTask(TaskForm form, string topic, IReadOnlyList<Constraint> constraints, SeededRandom random)
        : this(
            form,
            topic,
            constraints,
            string.Join(
                ' ',
                constraints
                    .Select(constraint => random.Pick(constraint.Phrases))
                    .Prepend(random.Pick(Openings(form, topic)))
            )
        )
    { }

    private NanoTask(TaskForm form, string topic, IReadOnlyList<Constraint> constraints, string instruction)
    {
        Form = form;
        Topic = topic;
        Constraints = constraints;
        Instruction = instruction;
        Requirements = [new OnTopic(topic), .. constraints];
    }

    /// <summary>Line or story.</summary>
    public TaskForm Form { get; }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The stated constraints, in order; the topic is not among them.</summary>
    public IReadOnlyList<Constraint> Constraints { get; }

    /// <summary>Everything that a response must satisfy: the topic, then the constraints.</summary>
    public IReadOnlyList<Constraint> Requirements { get; }

    /// <summary>The instruction in English.</summary>
    public string Instruction { get; }

    /// <summary>Checks a response against every requirement, in the order of <see cref="Requirements"/>.</summary>
    /// <param name="response">Any text.</param>
    public IReadOnlyList<Finding> Check(string response)
    {
        NanoResponse parsed = NanoResponse.Parse(response);
        return [.. Requirements.Select(constraint => constraint.Check(parsed))];
    }

    /// <summary>True when the response satisfies every requirement.</summary>
    /// <param name="response">Any text.</param>
    public bool IsSatisfiedBy(string response)
    {
        NanoResponse parsed = NanoResponse.Parse(response);
        return Requirements.All(constraint => constraint.Check(parsed).Followed);
    }

    /// <summary>The same task without some of its constraints, for writers who overlook them.</summary>
    /// <param name="keep">Which constraints stay.</param>
    internal NanoTask Keeping(Func<Constraint, bool> keep) =>
        new(Form, Topic, [.. Constraints.Where(keep)], Instruction);

    /// <summary>The same task with other constraints under the same instruction.</summary>
    internal NanoTask With(IReadOnlyList<Constraint> constraints) => new(Form, Topic, constraints, Instruction);

    /// <summary>Reads an instruction back into its task.</summary>
    /// <param name="instruction">A text.</param>
    /// <returns>The task, or null when the text is not an instruction of the nano world.</returns>
    public static NanoTask? Parse(string instruction)
    {
        foreach (TaskForm form in Enum.GetValues<TaskForm>())
        {
            foreach (string topic in Lexicon.TopicNames)
            {
                foreach (string opening in Openings(form, topic))
                {
                    if (instruction.StartsWith(opening, StringComparison.Ordinal))
                    {
                        return ParseConstraints(form, topic, instruction, instruction[opening.Length..].TrimStart());
                    }
                }
            }
        }

        return null;
    }

    private static NanoTask? ParseConstraints(TaskForm form, string topic, string instruction, string rest)
    {
        List<Constraint> constraints = [];
        foreach (string sentence in rest.Split(". ", StringSplitOptions.RemoveEmptyEntries))
        {
            if (!PhraseTable.TryGet(sentence.EndsWith('.') ? sentence : sentence + ".", out Constraint? constraint))
            {
                return null;
            }

            constraints.Add(constraint);
        }

        return new NanoTask(form, topic, constraints, instruction);
    }

    private static IReadOnlyList<string> Openings(TaskForm form, string topic) =>
        form == TaskForm.Line
            ? [$"write a line about the {topic}.", $"give me one line about the {topic}."]
            : [$"write a story about the {topic}.", $"tell me a story about the {topic}."];
}
