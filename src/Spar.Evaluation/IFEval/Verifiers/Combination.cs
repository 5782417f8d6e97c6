using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// Two different responses with <c>******</c> between; blank text before the first or behind the last divider is
/// ignored.
/// </summary>
internal sealed class TwoResponses : InstructionVerifier
{
    private const string Divider = "******";

    protected override Verdict Check(string response)
    {
        string[] pieces = response.Split(Divider);
        List<string> filled = [];
        for (int i = 0; i < pieces.Length; i++)
        {
            if (!PythonText.IsBlank(pieces[i]))
            {
                filled.Add(PythonText.Strip(pieces[i]));
            }
            else if (i != 0 && i != pieces.Length - 1)
            {
                return new Verdict(false, $"has an empty response between two dividers {Divider}");
            }
        }

        return filled.Count == 2
            ? Tell(filled[0] != filled[1], $"has two responses separated by {Divider}", "has the same response twice")
            : new Verdict(false, $"has {filled.Count} of exactly 2 responses separated by {Divider}");
    }
}

/// <summary>The response starts with the request, both stripped and in lower case.</summary>
internal sealed class RepeatPrompt(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _prompt = PythonText.Lower(PythonText.Strip(arguments.Text("prompt_to_repeat")));

    protected override Verdict Check(string response) => Tell(
        PythonText.Lower(PythonText.Strip(response)).StartsWith(_prompt, StringComparison.Ordinal),
        "starts with the request, word for word",
        "does not start with the request, word for word");
}
