namespace Spar.Engine.Training;

/// <summary>
/// One sequence to learn from. Token t is predicted from tokens 0 .. t-1; the targets are the tokens from
/// <see cref="FirstTarget"/> on.
/// </summary>
/// <param name="Tokens">The ids, prompt and response, at least 2.</param>
/// <param name="FirstTarget">
/// Index of the first token that counts: the prompt's length, or 1 to learn from the whole text.
/// </param>
/// <param name="Weights">
/// Weight of each token's loss by index in <paramref name="Tokens"/>, at least 0, or null for 1 each. Tokens of weight
/// 0 are no targets, which allows any mask.
/// </param>
public sealed record TrainingSequence(int[] Tokens, int FirstTarget, float[]? Weights = null)
{
    /// <summary>Weight of a token as a target; 0 when it is none.</summary>
    /// <param name="index">Index in <see cref="Tokens"/>.</param>
    public float Weight(int index) => index < FirstTarget || index == 0 ? 0 : Weights?[index] ?? 1;

    /// <summary>Number of targets.</summary>
    public int TargetCount
    {
        get
        {
            int count = 0;
            for (int i = 0; i < Tokens.Length; i++)
            {
                count += Weight(i) > 0 ? 1 : 0;
            }

            return count;
        }
    }
}
