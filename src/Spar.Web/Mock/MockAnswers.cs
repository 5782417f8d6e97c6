using System.Text;
using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Templates;

namespace Spar.Web.Mock;

/// <summary>
/// What a mock server says: words out of a hat, and where a prompt set asks for a judgement or a refinement, one in its
/// format. The same prompt and seed get the same answer, always.
/// </summary>
internal sealed class MockAnswers
{
    private const char Hole = '\u0001';

    private static readonly string[] s_words =
    [
        "the", "tide", "keeps", "its", "own", "slow", "time", "and", "boats", "come", "home", "under", "a", "pale",
        "moon", "while", "nets", "dry", "in", "salt", "wind", "over", "stones", "that", "children", "count", "each",
        "evening", "before", "supper",
    ];

    private readonly MockOptions _options;
    private readonly (string Judge, string Refine, OutputFormat Format)[] _sets;

    public MockAnswers(MockOptions options)
    {
        _options = options;
        string hole = Hole.ToString();
        _sets =
        [
            .. options.PromptSets.Select(TemplateSet.Load).Select(set => (
                set.JudgePrompt(hole, hole), set.RefinePrompt(hole, hole, hole), set.Format)),
        ];
    }

    /// <summary>One answer.</summary>
    /// <param name="prompt">What is asked: the last turn.</param>
    /// <param name="sampling">All that the answer depends on beside it.</param>
    /// <param name="choice">Its number among the request's choices.</param>
    /// <param name="most">Most tokens.</param>
    public (string Text, int Tokens, string Finish) Answer(string prompt, string sampling, int choice, int most)
    {
        SeededRandom random = SeededRandom.Scrambled(
            StableHash.Seed(_options.Seed, $"{prompt}\0{sampling}\0{choice}"));
        int words = Math.Max(1, (int)(_options.Tokens * (0.5 + random.NextDouble())));
        int tokens = Math.Min(words, most);
        StringBuilder text = new();
        for (int i = 0; i < tokens; i++)
        {
            text.Append(i == 0 ? "" : " ").Append(s_words[random.Next(s_words.Length)]);
        }

        if (words > most)
        {
            return (text.ToString(), tokens, "length");
        }

        foreach ((string judge, string refine, OutputFormat format) in _sets)
        {
            if (Asks(judge, prompt))
            {
                IReadOnlyList<string> verdict = random.NextDouble() < _options.Yes ? format.Yes : format.No;
                return ($"{text}\n{format.Verdict} {verdict[0]}", tokens, "stop");
            }

            if (Asks(refine, prompt))
            {
                string marked = format.ResponseStart is null
                    ? text.ToString()
                    : $"{format.ResponseStart}\n{text}{(format.ResponseEnd is { } end ? $"\n{end}" : "")}";
                return (marked, tokens, "stop");
            }
        }

        return (text.ToString(), tokens, "stop");
    }

    /// <summary>A chat completion.</summary>
    public static JsonObject Completion(
        string id, string model, int promptTokens, IReadOnlyList<(string Text, int Tokens, string Finish)> answers)
    {
        IEnumerable<JsonObject> choices = answers.Select((answer, i) => new JsonObject
        {
            ["index"] = i,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = answer.Text },
            ["finish_reason"] = answer.Finish,
        });
        return new JsonObject
        {
            ["id"] = id,
            ["object"] = "chat.completion",
            ["created"] = 0,
            ["model"] = model,
            ["choices"] = new JsonArray([.. choices]),
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = promptTokens,
                ["completion_tokens"] = answers.Sum(answer => answer.Tokens),
            },
        };
    }

    // A question of a template: what stands before its first hole and behind its last one is as in the template.
    private static bool Asks(string template, string prompt) =>
        prompt.StartsWith(template[..template.IndexOf(Hole, StringComparison.Ordinal)], StringComparison.Ordinal)
        && prompt.AsSpan().TrimEnd().EndsWith(
            template.AsSpan(template.LastIndexOf(Hole) + 1).TrimEnd(), StringComparison.Ordinal);
}
