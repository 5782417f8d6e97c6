using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Everyday requests to which constraints are added: letters, lists, poems, dialogues, summaries of a given text and so
/// on.
/// </summary>
/// <param name="Requests">Templates with <c>{person}</c>, <c>{topic}</c>, <c>{tone}</c> and <c>{passage}</c>.</param>
/// <param name="People">Whom something is for.</param>
/// <param name="Topics">What it is about.</param>
/// <param name="Tones">How it sounds.</param>
/// <param name="Passages">Short texts to work on.</param>
internal sealed record RequestTemplates(
    string[] Requests, string[] People, string[] Topics, string[] Tones, string[] Passages)
{
    private static readonly Lazy<RequestTemplates> s_builtIn =
        new(() => SynthesisData.Read<RequestTemplates>("requests.json"));

    /// <summary>The built-in templates.</summary>
    public static RequestTemplates BuiltIn => s_builtIn.Value;

    /// <summary>One request.</summary>
    public string Draw(SeededRandom random) => Fill(random.Pick(Requests), random);

    /// <summary>A template with its blanks filled.</summary>
    public string Fill(string template, SeededRandom random)
    {
        string tone = random.Pick(Tones);
        string article = tone[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a";
        string request = template
            .Replace("a {tone}", $"{article} {tone}", StringComparison.Ordinal)
            .Replace("{tone}", tone, StringComparison.Ordinal)
            .Replace("{person}", random.Pick(People), StringComparison.Ordinal)
            .Replace("{topic}", random.Pick(Topics), StringComparison.Ordinal)
            .Replace("{passage}", random.Pick(Passages), StringComparison.Ordinal);
        return char.ToUpperInvariant(request[0]) + request[1..];
    }
}
