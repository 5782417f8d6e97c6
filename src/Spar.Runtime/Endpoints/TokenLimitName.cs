using System.Text.RegularExpressions;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// By which name a server takes the limit of new tokens. <c>max_tokens</c> is the one that every server knows; OpenAI's
/// own takes <c>max_completion_tokens</c>, which others overlook, so that answers end at a limit that nobody set. A
/// server that refuses one name is asked by the other.
/// </summary>
/// <param name="endpoint">The server's address.</param>
internal sealed partial class TokenLimitName(Uri endpoint)
{
    private const string Common = "max_tokens";
    private const string OpenAi = "max_completion_tokens";

    private volatile string _known =
        endpoint.Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase)
        || endpoint.Host.EndsWith(".openai.azure.com", StringComparison.OrdinalIgnoreCase)
            ? OpenAi
            : Common;

    /// <summary>The name to ask by.</summary>
    public string Current => _known;

    /// <summary>The other name, where a refusal says that this one is not known; null where it says anything else.</summary>
    /// <param name="asked">The name that was asked by.</param>
    /// <param name="refusal">The body of the server's refusal.</param>
    public static string? Other(string asked, string refusal)
    {
        string other = asked == Common ? OpenAi : Common;
        string words = $"{refusal}\n{ServerWords.Of(refusal)}";
        return Regex.IsMatch(words, $@"\b{asked}\b") && Unknown().IsMatch(words) ? other : null;
    }

    /// <summary>Remembers a name that the server took.</summary>
    /// <param name="name">The name.</param>
    public void Took(string name) => _known = name;

    [GeneratedRegex(
        "unsupported|not supported|not permitted|not allowed|forbidden|unrecogni[sz]ed|unknown|unexpected|extra|"
        + "deprecated|invalid|use '?\"?max_",
        RegexOptions.IgnoreCase)]
    private static partial Regex Unknown();
}
