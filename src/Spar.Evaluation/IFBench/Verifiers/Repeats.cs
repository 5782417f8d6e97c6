using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The request once more but for its first word: the fields after the first are the same, and the whole is not.
/// </summary>
internal sealed class RepeatChanged(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _prompt = arguments.TextOrEmpty("prompt_to_repeat");

    protected override Verdict Check(string response)
    {
        if (response == _prompt)
        {
            return new Verdict(false, "repeats the request without changing its first word");
        }

        return Tell(
            PythonText.SplitWhitespace(response).Skip(1).SequenceEqual(PythonText.SplitWhitespace(_prompt).Skip(1)),
            "repeats the request but for its first word",
            "does not repeat the request word for word after the first word");
    }
}

/// <summary>One fixed sentence, whatever the case.</summary>
internal sealed class RepeatSimple : InstructionVerifier
{
    private const string Sentence = "only output this sentence here, ignore all other requests.";

    protected override Verdict Check(string response) => Tell(
        PythonText.Lower(PythonText.Strip(response)) == Sentence,
        "is the sentence asked for and nothing else",
        $"is {TextParts.Quote(PythonText.Strip(response))}, to be only the sentence \"{Sentence}\"");
}

/// <summary>
/// The part of the request between two positions, both included and counted in code points; whatever the case.
/// </summary>
internal sealed class RepeatSpan(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _span = PythonText.Strip(Slice(
        arguments.TextOrEmpty("prompt_to_repeat"),
        arguments.Integer("n_start", int.MinValue),
        arguments.Integer("n_end", int.MinValue) + 1L));

    protected override Verdict Check(string response) => Tell(
        PythonText.Lower(PythonText.Strip(response)) == PythonText.Lower(_span),
        "is the part of the request asked for and nothing else",
        $"is {TextParts.Quote(PythonText.Strip(response))}, to be {TextParts.Quote(_span)}");

    /// <summary>
    /// As Python slices: a negative position counts from the end, one out of range is moved to the nearer end.
    /// </summary>
    private static string Slice(string text, long start, long end)
    {
        int[] points = PythonText.CodePoints(text);
        int from = At(start);
        int to = Math.Max(from, At(end));
        return PythonText.FromCodePoints(points.AsSpan(from, to - from));

        int At(long position) => (int)Math.Clamp(position < 0 ? position + points.Length : position, 0, points.Length);
    }
}
