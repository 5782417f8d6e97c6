using Spar.Evaluation.Instructions;
using Spar.Evaluation.Language;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>The number of words in capitals, single letters included.</summary>
internal sealed class CapitalWordFrequency(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("capital_frequency");
    private readonly Relation _relation = arguments.Relation("capital_relation");

    protected override Verdict Check(string response) =>
        Compare(WordTokenizer.Tokens(response).Count(PythonText.IsUpper), _relation, _wanted, "words in capitals");
}

/// <summary>English in capitals alone.</summary>
internal sealed class EnglishCapital : InstructionVerifier
{
    protected override Verdict Check(string response) =>
        PythonText.IsUpper(response)
            ? EnglishCase.CheckLanguage(response, "is in capitals")
            : new Verdict(false, "is not in capitals throughout");
}

/// <summary>English in lower case alone.</summary>
internal sealed class EnglishLowercase : InstructionVerifier
{
    protected override Verdict Check(string response) =>
        PythonText.IsLower(response)
            ? EnglishCase.CheckLanguage(response, "is in lower case")
            : new Verdict(false, "is not in lower case throughout");
}

/// <summary>What the two checks of case and language share.</summary>
internal static class EnglishCase
{
    /// <summary>
    /// The verdict on text that has passed the test of case: English, or text in which no language can be told.
    /// </summary>
    public static Verdict CheckLanguage(string response, string casePassed)
    {
        string? detected = LanguageDetector.Detect(response);
        return detected is null or "en"
            ? new Verdict(
                true,
                casePassed + (detected is null ? " and has nothing by which a language can be told" : " and in English")
            )
            : new Verdict(false, $"{casePassed} but reads as the language '{detected}', asked for 'en'");
    }
}
