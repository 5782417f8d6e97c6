using System.Text;
using Spar.Search;
using Spar.SelfPlay;

namespace Spar.Web.Dashboard;

/// <summary>Which prompts to show.</summary>
public sealed record PromptQuery
{
    /// <summary>Most prompts on a page.</summary>
    public const int PageSize = 50;

    /// <summary>Only of this iteration; null for all.</summary>
    public int? Iteration { get; init; }

    /// <summary>Only with this outcome (<see cref="PromptOutcome"/>); null for all.</summary>
    public string? Outcome { get; init; }

    /// <summary>Only where all, some or none of the responses passed; null for all.</summary>
    public string? Verdicts { get; init; }

    /// <summary>Words that prompt or responses hold, all of them; null for any.</summary>
    public string? Words { get; init; }

    /// <summary>The place that the page before ended at.</summary>
    public int AfterIteration { get; init; } = -1;

    /// <summary>The place that the page before ended at.</summary>
    public int AfterItem { get; init; } = -1;

    /// <summary>The row that the page before ended at, in a search for words.</summary>
    public long AfterId { get; init; }

    /// <summary>Most prompts.</summary>
    public int Count { get; init; } = PageSize;

    /// <summary>
    /// The words as FTS5 takes them: each quoted, so that nothing in them is an operator; one with a star behind it is the
    /// beginning of words. Null where there is no word.
    /// </summary>
    public string? Match
    {
        get
        {
            StringBuilder match = new();
            StringBuilder word = new();
            foreach (char letter in (Words ?? "") + " ")
            {
                if (char.IsLetterOrDigit(letter) || char.IsSurrogate(letter) || char.GetUnicodeCategory(letter)
                    is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark)
                {
                    word.Append(letter);
                }
                else if (word.Length > 0)
                {
                    match.Append(match.Length > 0 ? " " : "").Append('"').Append(word).Append(letter == '*' ? "\"*" : "\"");
                    word.Clear();
                }
            }

            return match.Length == 0 ? null : match.ToString();
        }
    }
}

/// <summary>A prompt as a list shows it.</summary>
/// <param name="Id">Its row in the index.</param>
/// <param name="Iteration">The iteration that played it.</param>
/// <param name="Item">Its number there.</param>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Outcome">What came of it (<see cref="PromptOutcome"/>).</param>
/// <param name="Verdicts">Whether all, some or none of its responses passed.</param>
/// <param name="Responses">Sampled responses.</param>
/// <param name="Passed">Those that passed the gate.</param>
/// <param name="Nodes">Nodes of its tree; 0 without one.</param>
/// <param name="Best">The best value that a refinement got, or a response where nothing was searched; null without.</param>
/// <param name="Head">The beginning of its text.</param>
public sealed record IndexedPrompt(
    long Id, long Iteration, long Item, string PromptId, string Outcome, string Verdicts, long Responses, long Passed, long Nodes,
    double? Best, string Head);

/// <summary>What came of a prompt, in a word.</summary>
public static class PromptOutcome
{
    /// <summary>All there are, in the order in which they are offered.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["success", "exhausted", "over budget", "failed", "not searched", "lost"];

    /// <summary>The outcome of a prompt.</summary>
    /// <param name="record">What self-play made of it.</param>
    public static string Of(PlayRecord record) => record.Tree?.Outcome switch
    {
        SearchOutcome.Success => "success",
        SearchOutcome.Exhausted => "exhausted",
        SearchOutcome.OverBudget => "over budget",
        SearchOutcome.Failed => "failed",
        _ => record.Lost ? "lost" : "not searched",
    };
}
