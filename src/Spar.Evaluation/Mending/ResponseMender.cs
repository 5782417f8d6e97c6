using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;

namespace Spar.Evaluation.Mending;

/// <summary>
/// Edits responses by rule until they follow the constraints of their prompt: what is wrong is changed, the rest stays
/// as it was. It knows IFEval's instructions but the language of a response, and edits what is there: it cannot make a
/// short response long.
/// </summary>
public static class ResponseMender
{
    // An edit may undo what an earlier one did; the second round mends that, or nothing does.
    private const int Rounds = 2;

    /// <summary>Whether responses can be mended at all.</summary>
    /// <param name="id">An instruction's id, such as <c>punctuation:no_comma</c>.</param>
    public static bool Knows(string id) => Edits.ById.ContainsKey(id);

    /// <summary>
    /// Ends a response before it begins to repeat itself, and after its last whole sentence where it was cut off: what
    /// a model that does not find its end has said before. Of JSON like that it leaves what its strings say.
    /// </summary>
    /// <param name="response">The response; any text.</param>
    /// <param name="cutOff">Whether it was cut off.</param>
    /// <returns>
    /// The response, or its beginning, of JSON the strings as paragraphs; null where no whole sentence is left.
    /// </returns>
    public static string? End(string response, bool cutOff) => WholePart.Of(response, cutOff);

    /// <summary>Mends a response.</summary>
    /// <param name="prompt">The prompt with its constraints.</param>
    /// <param name="response">The response; any text.</param>
    /// <param name="seed">Chooses among edits that serve the same purpose.</param>
    /// <returns>
    /// A response that follows all constraints, the same one where it does already; null where no edit is known that
    /// makes it so.
    /// </returns>
    public static string? Mend(InstructionPrompt prompt, string response, ulong seed)
    {
        SeededRandom random = SeededRandom.Scrambled(seed);
        for (int round = 0; ; round++)
        {
            Instruction[] failing = [.. prompt.Instructions.Where(one => !one.Verifier.Verify(response).Followed)];
            if (failing.Length == 0)
            {
                return response;
            }

            if (round == Rounds || !failing.All(one => Knows(one.Id)))
            {
                return null;
            }

            foreach (Instruction one in failing.OrderBy(one => Edits.ById[one.Id].Order))
            {
                Draft draft = new(response, prompt.Request ?? prompt.Prompt, random);
                if (Edits.ById[one.Id].Apply(draft, one.Arguments) is not { } edited)
                {
                    return null;
                }

                response = edited.Trim();
            }
        }
    }
}

/// <summary>A response that is being mended.</summary>
/// <param name="Text">The response so far.</param>
/// <param name="Request">What it answers.</param>
/// <param name="Random">Chooses among edits.</param>
internal sealed record Draft(string Text, string Request, SeededRandom Random);
