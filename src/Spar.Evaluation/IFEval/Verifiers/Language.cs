using Spar.Evaluation.Instructions;
using Spar.Evaluation.Language;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// The whole response is in one language; text in which no language can be told, such as digits alone, counts as
/// followed.
/// </summary>
internal sealed class ResponseLanguage(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _language = arguments.Text("language");

    protected override Verdict Check(string response)
    {
        string? detected = LanguageDetector.Detect(response);
        return detected is null
            ? new Verdict(true, "has nothing by which a language can be told")
            : new Verdict(detected == _language, $"is in the language '{detected}', asked for '{_language}'");
    }
}
