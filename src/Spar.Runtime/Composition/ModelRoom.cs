using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.Ground;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>How much a model on disk can read at once, against what its prompts take.</summary>
internal sealed class ModelRoom
{
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;

    private ModelRoom(int context, Tokenizer tokenizer, ChatTemplate template) =>
        (Context, _tokenizer, _template) = (context, tokenizer, template);

    /// <summary>Tokens of the model's context.</summary>
    public int Context { get; }

    /// <summary>The room in a model; null where its files cannot be used: their own checks say why.</summary>
    /// <param name="model">A checkpoint folder or a GGUF file.</param>
    /// <param name="date">What chat templates see; null for their default.</param>
    public static ModelRoom? Of(string model, DateOnly? date)
    {
        try
        {
            ModelConfig config = Checkpoint.CheckHeaders(model);
            Tokenizer tokenizer = Checkpoint.LoadTokenizer(model);
            return new ModelRoom(config.MaxPositions, tokenizer, ChatTemplate.For(tokenizer, date));
        }
        catch (UserFaultException)
        {
            return null;
        }
    }

    /// <summary>Tokens that asking for a judgement takes before prompt and response stand in it.</summary>
    /// <param name="set">The prompt set.</param>
    /// <returns>Null where the chat template takes no such question: its own check says why.</returns>
    public int? Question(TemplateSet set)
    {
        try
        {
            string asked = _template.Render([new Message("user", set.JudgePrompt("", ""))], addGenerationPrompt: true);
            return _tokenizer.Encode(asked).Length;
        }
        catch (UserFaultException)
        {
            return null;
        }
    }

    /// <summary>
    /// Tokens that a judgement may take in all, the instruction aside: the question, the longest response, the longest
    /// judgement.
    /// </summary>
    /// <param name="set">The prompt set.</param>
    /// <param name="method">Gives the limits.</param>
    public long? Longest(TemplateSet set, Recipe method) =>
        Question(set) is int question ? (long)question + method.Respond.MaxTokens + method.Judge.MaxTokens : null;
}
