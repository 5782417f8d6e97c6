using Spar.Engine;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.Ground;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Gives tokens that a model never met in its training vectors of their own. Pretraining pushes the vectors of all such
/// tokens the same way, so they end as good as equal, and the model cannot tell the tokens apart, however long it is
/// fine-tuned.
/// </summary>
public static class FreshEmbeddings
{
    /// <summary>
    /// Copies a checkpoint with new vectors for some tokens: random directions, of the length that is the median of all
    /// tokens' vectors.
    /// </summary>
    /// <param name="model">The checkpoint directory to copy.</param>
    /// <param name="output">The new one; what was there is replaced.</param>
    /// <param name="characters">The characters whose tokens get new vectors.</param>
    /// <param name="seed">Seed of the directions.</param>
    /// <exception cref="EngineException">
    /// A character is more than one token, the checkpoint cannot be read, or the copy cannot be written.
    /// </exception>
    public static void Write(string model, string output, string characters, ulong seed)
    {
        Checkpoint checkpoint = Checkpoint.Load(model);
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(model);
        LlamaParameters parameters = LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
        float[][] tables = checkpoint.Config.TieWordEmbeddings
            ? [parameters.Embedding.Data]
            : [parameters.Embedding.Data, parameters.Head.Weight.Data];
        int width = checkpoint.Config.HiddenSize;
        SeededRandom random = new(seed);
        foreach (float[] table in tables)
        {
            double[] lengths = [.. table.Chunk(width).Select(row => Math.Sqrt(row.Sum(x => (double)x * x))).Order()];
            float step = (float)(lengths[lengths.Length / 2] / Math.Sqrt(width));
            foreach (char character in characters)
            {
                int[] ids = tokenizer.Encode(character.ToString());
                if (ids.Length != 1)
                {
                    throw new EngineException(
                        $"The tokenizer of {model} makes {ids.Length} tokens of '{character}', so the character has no "
                        + "vector of its own. Choose a model with a byte-level tokenizer.");
                }

                // Each coordinate is as large as any other; the direction is in their signs.
                foreach (ref float value in table.AsSpan(ids[0] * width, width))
                {
                    value = random.Next(2) == 0 ? step : -step;
                }
            }
        }

        Checkpoint.Save(output, checkpoint.Config, parameters.ToDictionary(), tokenizerSource: model);
    }
}
