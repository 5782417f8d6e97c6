using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// The response ends with a phrase, whatever the case; white space and then double quotes at the end are ignored.
/// </summary>
internal sealed class EndPhrase(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _phrase = PythonText.Lower(PythonText.Strip(arguments.Text("end_phrase")));

    protected override Verdict Check(string response) => Tell(
        PythonText.Lower(PythonText.Strip(response).Trim('"')).EndsWith(_phrase, StringComparison.Ordinal),
        $"ends with '{_phrase}'",
        $"does not end with '{_phrase}'");
}

/// <summary>The whole response stands between straight double quotes.</summary>
internal sealed class Quotation : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string text = PythonText.Strip(response);
        return Tell(
            text.Length > 1 && text[0] == '"' && text[^1] == '"',
            "is wrapped in double quotes",
            "is not wrapped in double quotes as a whole");
    }
}
