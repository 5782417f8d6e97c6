using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>The response is the request again, both stripped and in lower case.</summary>
internal sealed class CopyRequest(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _request = CopiedText.Normalize(arguments.Text("prompt_to_repeat"));

    protected override Verdict Check(string response) => Tell(
        CopiedText.Normalize(response) == _request,
        "repeats the request and nothing else",
        "is not the request, word for word and alone");
}

/// <summary>The response is the request so many times, with <c>******</c> between.</summary>
internal sealed class CopyRequestTimes(InstructionArguments arguments) : InstructionVerifier
{
    private const string Divider = "******";
    private readonly string _request = CopiedText.Normalize(arguments.Text("prompt_to_repeat"));
    private readonly int _wanted = arguments.Count("N");

    protected override Verdict Check(string response)
    {
        string[] pieces = response.Split(Divider);
        if (pieces.Length != _wanted)
        {
            return CompareExactly(pieces.Length, _wanted, $"pieces separated by {Divider}");
        }

        int other = Array.FindIndex(pieces, piece => CopiedText.Normalize(piece) != _request);
        return Tell(
            other < 0,
            $"repeats the request {_wanted} times",
            $"has a piece {other + 1} that is not the request, word for word");
    }
}

/// <summary>
/// The response is a stretch of the request by code points, from the first index up to the second, which is not
/// included; indices below zero count from the end, as in a Python slice.
/// </summary>
internal sealed class CopySpan : InstructionVerifier
{
    private readonly string _span;

    public CopySpan(InstructionArguments arguments)
    {
        int[] points = PythonText.CodePoints(arguments.Text("prompt_to_repeat"));
        int start = SliceIndex(arguments.Integer("n_start", int.MinValue), points.Length);
        int end = SliceIndex(arguments.Integer("n_end", int.MinValue), points.Length);
        _span = CopiedText.Normalize(PythonText.FromCodePoints(start < end ? points.AsSpan(start..end) : []));
    }

    protected override Verdict Check(string response) =>
        Tell(CopiedText.Normalize(response) == _span, $"is the span '{_span}'", $"is not the span '{_span}' alone");

    private static int SliceIndex(int index, int length) => Math.Clamp(index < 0 ? index + length : index, 0, length);
}

/// <summary>What the checks of copied text share.</summary>
internal static class CopiedText
{
    /// <summary>The text in the form in which it is compared: stripped and in lower case.</summary>
    public static string Normalize(string text) => PythonText.Lower(PythonText.Strip(text));
}
