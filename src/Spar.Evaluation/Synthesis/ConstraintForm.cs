using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// How one instruction is made part of a prompt: its arguments, and what it asks of an example response.
/// </summary>
/// <param name="Id">The instruction's id.</param>
/// <param name="Hardness">1 for what one place of the answer settles, 2 for what takes counting or planning, 3 for what
/// every word must obey.</param>
/// <param name="Sample">Draws arguments.</param>
/// <param name="Plan">Adds to the plan of a response what the instruction with these arguments needs.</param>
internal sealed record ConstraintForm(
    string Id,
    int Hardness,
    Func<SeededRandom, SampleScope, JsonObject> Sample,
    Action<ResponsePlan, ConstraintArguments> Plan)
{
    /// <summary>The family: the part of the id before the colon.</summary>
    public string Family => InstructionRegistry.FamilyOf(Id);
}

/// <summary>
/// What arguments are drawn from: the request, and words that no other constraint of the prompt uses.
/// </summary>
/// <param name="request">The request that the constraints go with.</param>
/// <param name="options">The options that the request offers; empty where it offers none.</param>
/// <param name="random">Decides which words come first.</param>
internal sealed class SampleScope(string request, string options, SeededRandom random)
{
    private readonly Queue<string> _keywords = new(random.Shuffled(Vocabulary.BuiltIn.Keywords));

    /// <summary>The request that the constraints go with.</summary>
    public string Request { get; } = request;

    /// <summary>The options that the request offers; empty where it offers none.</summary>
    public string Options { get; } = options;

    /// <summary>A keyword that was not handed out before.</summary>
    public string Keyword() => _keywords.Dequeue();

    /// <summary>So many of them.</summary>
    public string[] Keywords(int count) => [.. Enumerable.Range(0, count).Select(_ => Keyword())];
}

/// <summary>Drawn arguments, for planning.</summary>
internal sealed class ConstraintArguments(JsonObject values)
{
    /// <summary>A whole number.</summary>
    public int Number(string name) => values[name]!.GetValue<int>();

    /// <summary>A text.</summary>
    public string Text(string name) => values[name]!.GetValue<string>();

    /// <summary>A list of texts.</summary>
    public IEnumerable<string> Texts(string name) => values[name]!.AsArray().Select(item => item!.GetValue<string>());

    /// <summary>Whether the relation of this name is <c>at least</c>.</summary>
    public bool AtLeast(string name) => Text(name) == "at least";
}

/// <summary>A constraint of a prompt.</summary>
/// <param name="Form">The instruction.</param>
/// <param name="Values">Its arguments.</param>
/// <param name="Verifier">Its check.</param>
internal sealed record Constraint(ConstraintForm Form, JsonObject Values, InstructionVerifier Verifier)
{
    /// <summary>The arguments as verifiers and wordings take them.</summary>
    public InstructionArguments Arguments { get; } = Convert(Values);

    /// <summary>Draws one constraint.</summary>
    /// <exception cref="EvaluationException">The arguments drawn are none that the verifier takes.</exception>
    public static Constraint Draw(ConstraintForm form, SeededRandom random, SampleScope scope) =>
        Of(form, form.Sample(random, scope));

    /// <summary>The same instruction with other arguments.</summary>
    /// <param name="values">The arguments.</param>
    /// <exception cref="EvaluationException">The verifier does not take them.</exception>
    public Constraint With(JsonObject values) => Of(Form, values);

    private static Constraint Of(ConstraintForm form, JsonObject values) =>
        new(form, values, InstructionRegistry.Create(form.Id, Convert(values)));

    private static InstructionArguments Convert(JsonObject values) => new(JsonSerializer.SerializeToElement(values));
}
