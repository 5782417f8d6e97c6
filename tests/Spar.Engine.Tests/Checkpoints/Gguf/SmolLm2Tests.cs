using System.Text.Json;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Chat;
using Spar.Engine.Tests.Inference;
using Spar.Engine.Tests.Tokenization;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

/// <summary>
/// A published model against the reference library's numbers for its dequantised weights, from shared/models.
/// </summary>
public class SmolLm2Tests
{
    private static string FilePath =>
        SharedData.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");

    private static JsonElement Golden => GoldenTokenizerTests.Golden("models", "smollm2-135m-instruct", "golden.json");

    [Fact]
    public void The_embedded_tokenizer_and_template_match()
    {
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(FilePath);
        foreach (JsonElement example in Golden.GetProperty("tokenize").EnumerateArray())
        {
            string text = example.GetProperty("text").GetString()!;
            int[] ids = GoldenTokenizerTests.Ints(example.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(ids, tokenizer.Encode(text, addSpecialTokens: true));
            Assert.Equal(text, tokenizer.Decode(ids, skipSpecialTokens: false));
        }

        foreach (JsonElement example in Golden.GetProperty("decode").EnumerateArray())
        {
            Assert.Equal(
                example.GetProperty("text").GetString(),
                tokenizer.Decode(GoldenTokenizerTests.Ints(example.GetProperty("ids")), skipSpecialTokens: false)
            );
        }

        ChatTemplate template = ChatTemplate.For(tokenizer);
        foreach (JsonElement chat in Golden.GetProperty("chat").EnumerateArray())
        {
            Message[] messages = GoldenMessages.Of(chat);
            string text = template.Render(messages, chat.GetProperty("add_generation_prompt").GetBoolean());
            Assert.Equal(chat.GetProperty("text").GetString(), text);
            Assert.Equal(GoldenTokenizerTests.Ints(chat.GetProperty("ids")), tokenizer.Encode(text));
        }
    }

    [Fact]
    public async Task Logits_log_probabilities_and_greedy_text_match()
    {
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        IReadOnlyDictionary<string, Tensor> tensors = Safetensors.Load(
            SharedData.Path("models", "smollm2-135m-instruct", "golden.safetensors")
        );
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(FilePath);
        using ModelWeights weights = ModelWeights.Open(FilePath);
        using Generator generator = new(ModelWeights.Open(FilePath), new EngineOptions { CacheTokens = 512 });
        foreach (JsonElement example in Golden.GetProperty("generate").EnumerateArray())
        {
            int[] prompt = GoldenTokenizerTests.Ints(example.GetProperty("prompt_ids"));
            float[] expected = tensors[example.GetProperty("logits").GetString()!].Data;
            float[] logits = Logits.Of(weights, prompt);
            GgufGoldenTests.Close(expected, logits.AsSpan(^expected.Length), 1e-3f);

            double[] logProbs = await generator.LogProbsAsync(prompt[..1], prompt[1..], cancelled);
            GgufGoldenTests.Close(
                tensors[example.GetProperty("prompt_logprobs").GetString()!].Data,
                Array.ConvertAll(logProbs, p => (float)p),
                1e-3f
            );
            Assert.Equal(example.GetProperty("prompt_logprob_sum").GetDouble(), logProbs.Sum(), 2e-3);

            int[] greedy = GoldenTokenizerTests.Ints(example.GetProperty("greedy_ids"));
            GenerationResult result = await generator.GenerateAsync(
                new GenerationRequest
                {
                    PromptIds = prompt,
                    MaxTokens = greedy.Length,
                    EndTokenIds = [],
                },
                cancelled
            );
            Assert.Equal(greedy, result.Ids);
            Assert.Equal(
                example.GetProperty("greedy_text").GetString(),
                tokenizer.Decode(greedy, skipSpecialTokens: false)
            );
        }
    }

    [Fact]
    public void Rounded_activations_cost_little()
    {
        using ModelWeights weights = ModelWeights.Open(FilePath);
        int vocabulary = weights.Config.VocabSize;
        foreach (JsonElement example in Golden.GetProperty("generate").EnumerateArray())
        {
            int[] ids =
            [
                .. GoldenTokenizerTests.Ints(example.GetProperty("prompt_ids")),
                .. GoldenTokenizerTests.Ints(example.GetProperty("greedy_ids")),
            ];
            float[] exact = Logits.Of(weights, ids),
                rounded = Logits.Of(weights, ids, Arithmetic.Rounded);
            List<double> divergences = [];
            for (int row = 0; row < ids.Length; row++)
            {
                float[] p = exact[(row * vocabulary)..((row + 1) * vocabulary)],
                    q = rounded[(row * vocabulary)..((row + 1) * vocabulary)];
                double shift = p.Zip(q, (a, b) => (double)(b - a)).Average();
                Assert.InRange(Math.Sqrt(p.Zip(q, (a, b) => (b - a - shift) * (b - a - shift)).Average()), 0, 0.4);
                divergences.Add(Divergence(p, q));
            }

            Assert.InRange(divergences.Average(), 0, 0.01);
        }
    }

    // Kullback-Leibler divergence of the softmaxes, nats.
    private static double Divergence(float[] p, float[] q)
    {
        static double LogSum(float[] logits)
        {
            double most = logits.Max();
            return Math.Log(logits.Sum(logit => Math.Exp(logit - most))) + most;
        }

        double sumP = LogSum(p),
            sumQ = LogSum(q);
        return p.Zip(q, (a, b) => Math.Exp(a - sumP) * (a - sumP - (b - sumQ))).Sum();
    }
}
