using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

/// <summary>
/// The log-probabilities that decoding gives and those that training computes for the same tokens are the same bits,
/// whatever the family, what products multiply, the batch, the threads, and whatever was found in the cache.
/// </summary>
public class OneArithmeticTests
{
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    [InlineData(FamilyModel.Wide)]
    public async Task Decoding_and_training_give_tokens_the_same_log_probabilities(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        foreach ((bool lora, DType dtype) in ((bool, DType)[])
            [(false, DType.Float32), (true, DType.Float32), (false, DType.BFloat16), (true, DType.BFloat16)])
        {
            // A step first, so that adapters are not 0.
            using ThreadTeam team = new(2);
            LlamaParameters parameters = LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors).Clone();
            LoraAdapter? adapter = lora ? LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 4 }, 1) : null;
            using LlamaTrainer trainer = new(parameters, new AdamWOptions(), team, adapter, dtype: dtype);
            trainer.Step(new CrossEntropy(), [new TrainingSequence(model.Ids(60, 1), 5)], 1e-2);
            IReadOnlyDictionary<string, Tensor> trained =
                adapter is null ? parameters.ToDictionary() : adapter.MergeInto(model.Checkpoint.Tensors);

            // Up to 511 tokens, beyond the 480 at which attention breaks its sums; the third begins as the second does.
            int[][] prompts = [model.Ids(1, 2), model.Ids(40, 3), [.. model.Ids(40, 3), 7], model.Ids(450, 4)];
            List<(int[] Ids, int Prompt)> sequences = [];
            List<float[]> decoded = [];
            foreach (int threads in (int[])[1, 2])
            {
                using Generator generator = new(
                    model.Config, trained,
                    new EngineOptions { Threads = threads, CacheTokens = 4096, MaxSequences = 3, DType = dtype });
                GenerationResult[] results = await Task.WhenAll(
                    prompts.Select((prompt, i) => generator.GenerateAsync(new GenerationRequest
                    {
                        PromptIds = prompt,
                        MaxTokens = 61,
                        EndTokenIds = [],
                        Sampling = new SamplingOptions { Temperature = 1 },
                        Seed = (ulong)i,
                        TopLogProbs = 0,
                    })));
                for (int i = 0; i < prompts.Length; i++)
                {
                    sequences.Add(([.. prompts[i], .. results[i].Ids], prompts[i].Length));
                    decoded.Add([.. results[i].LogProbs!.Select(token => (float)token.LogProb)]);
                }

                // All of the last one again, scored in one pass.
                (int[] whole, _) = sequences[^1];
                sequences.Add((whole, 3));
                decoded.Add([.. (await generator.LogProbsAsync(whole[..3], whole[3..])).Select(p => (float)p)]);
            }

            Assert.All(decoded, logProbs => Assert.True(logProbs.Distinct().Count() > 30));
            Recorder recorder = new();
            trainer.ComputeGradients(recorder, [.. sequences.Select(s => new TrainingSequence(s.Ids, s.Prompt))]);
            Assert.Equal(decoded.SelectMany(p => p), recorder.LogProbs);
        }
    }

    /// <summary>Keeps what it is given.</summary>
    private sealed class Recorder : ILoss<TrainingSequence>, IStepLoss
    {
        public List<float> LogProbs { get; } = [];

        public int SequencesPerRow => 1;

        public LossFigures Total => new(0);

        public TrainingSequence Sequence(TrainingSequence row, int index) => row;

        public IStepLoss Begin(IReadOnlyList<TrainingSequence> rows) => this;

        public void Add(int firstRow, TokenBatch batch, ReadOnlySpan<float> logProbs, Span<float> gradient)
        {
            LogProbs.AddRange(logProbs);
            gradient.Fill(1);
        }
    }
}
