using System.Collections.Concurrent;
using System.Globalization;
using Spar.Calls;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Seams;
using Spar.Store;

namespace Spar.Runtime.Embedded;

/// <summary>
/// A run's training rows as tokens, for people: cut as the embedded trainer cuts them, by the tokenizer and the chat
/// template of the model that the run starts from. May be used from many threads.
/// </summary>
public sealed class RowTokens
{
    private readonly ConcurrentDictionary<string, Lazy<(Tokenizer, ChatEncoder)?>> _models = new(StringComparer.Ordinal);

    /// <summary>Cuts a row.</summary>
    /// <param name="store">The run.</param>
    /// <param name="context">The turns before the prompt; null where there are none.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="response">The turn that is learnt.</param>
    /// <param name="refiner">True for a row of the refiner, false for one side of a pair or a row of the actor.</param>
    /// <param name="ended">False for a response that was cut off, of which no end of the turn is learnt.</param>
    /// <returns>
    /// The tokens' texts, the index of the first that carries loss (all behind it do), and whether the row was cut at the
    /// cutoff; null where the model is served, or its files are not there any more.
    /// </returns>
    public (IReadOnlyList<string> Pieces, int FirstTarget, bool Truncated)? Cut(
        RunStore store, IReadOnlyList<ChatTurn>? context, string prompt, string response, bool refiner, bool ended)
    {
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        string? named = recipe.TryGetValue(refiner ? "refiner_model" : "actor_model", out string? own) ? own
            : recipe.GetValueOrDefault("base_model");
        if (named is null)
        {
            return null;
        }

        string? date = recipe.GetValueOrDefault("template_date");
        (Tokenizer Tokenizer, ChatEncoder Encoder)? model = _models.GetOrAdd(
            $"{named}\n{date}", _ => new Lazy<(Tokenizer, ChatEncoder)?>(() => Load(RunIdentity.NameOf(named), date))).Value;
        if (model is not { } with)
        {
            return null;
        }

        string settings = refiner ? "rft" : recipe.GetValueOrDefault("method", "spar") is "spar" or "self_rewarding" or "meta_rewarding"
            ? "dpo" : "iteration_sft";
        int cutoff = int.TryParse(recipe.GetValueOrDefault($"{settings}.cutoff_tokens"), CultureInfo.InvariantCulture, out int tokens)
            ? tokens : int.MaxValue;
        try
        {
            TrainingSequence row = with.Encoder.Encode(
                RowEncoder.Turns(context, prompt), response, cutoff, out bool truncated, ended);
            return ([.. row.Tokens.Select(id => with.Tokenizer.Decode([id], skipSpecialTokens: false))], row.FirstTarget, truncated);
        }
        catch (UserFaultException)
        {
            // A turn that the template refuses was left out of training, too.
            return null;
        }
    }

    private static (Tokenizer, ChatEncoder)? Load(string name, string? date)
    {
        try
        {
            string path = ShippedFiles.Resolve(name);
            if (!Path.Exists(path))
            {
                // A served model has no path at all.
                return null;
            }

            Tokenizer tokenizer = Checkpoint.LoadTokenizer(path);
            DateOnly? day = DateOnly.TryParse(date, CultureInfo.InvariantCulture, out DateOnly parsed) ? parsed : null;
            return (tokenizer, new ChatEncoder(tokenizer, ChatTemplate.For(tokenizer, day)));
        }
        catch (UserFaultException)
        {
            return null;
        }
    }
}
