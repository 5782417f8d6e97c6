using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>Settings of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment, 0 to below 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment, 0 to below 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment, above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Whether norms and biases decay too. Off, as in Hugging Face's Trainer, only matrices do.</summary>
    public bool DecayNormsAndBiases { get; init; }

    /// <summary>Norm of all gradients together above which they are scaled down to it; 0 turns clipping off.</summary>
    public double MaxGradientNorm { get; init; } = 1;
}

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) and bias correction, after clipping by the global
/// norm. Its state is the two moments and the number of steps taken; saved and restored, training goes on to the same
/// bytes.
/// </summary>
public sealed unsafe class AdamW
{
    // elements that one task takes; part of the order in which the norm is summed
    private const int ChunkFloats = 16384;

    private readonly IReadOnlyList<NamedTensor> _parameters;
    private readonly NamedTensor[] _firstMoments;
    private readonly NamedTensor[] _secondMoments;
    private readonly ThreadTeam _team;
    private readonly (int Tensor, int Start, int Count)[] _chunks;
    private readonly double[] _squares;

    /// <summary>Makes an optimizer that has taken no step.</summary>
    /// <param name="parameters">What it updates, in place.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="team">Threads to use.</param>
    public AdamW(IReadOnlyList<NamedTensor> parameters, AdamWOptions options, ThreadTeam team)
    {
        _parameters = parameters;
        _team = team;
        Options = options;
        _firstMoments = ZerosLike(parameters, "exp_avg.");
        _secondMoments = ZerosLike(parameters, "exp_avg_sq.");
        _chunks = [.. parameters.SelectMany((p, t) => Chunks(t, p.Tensor.Count))];
        _squares = new double[_chunks.Length];
    }

    /// <summary>Settings.</summary>
    public AdamWOptions Options { get; }

    /// <summary>Steps taken.</summary>
    public int StepCount { get; private set; }

    /// <summary>
    /// The moments by name, <c>exp_avg.NAME</c> and <c>exp_avg_sq.NAME</c> for each parameter; live, not copies.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> State =>
        _firstMoments.Concat(_secondMoments).ToDictionary(p => p.Name, p => p.Tensor);

    /// <summary>Goes back to a saved state.</summary>
    /// <param name="stepCount">Steps taken then.</param>
    /// <param name="state">What <see cref="State"/> held then.</param>
    /// <exception cref="EngineException">A moment is missing or has the wrong size.</exception>
    public void Restore(int stepCount, IReadOnlyDictionary<string, Tensor> state)
    {
        foreach ((string name, Tensor target) in State)
        {
            if (!state.TryGetValue(name, out Tensor? saved) || saved.Count != target.Count)
            {
                throw new EngineException(
                    $"The optimizer state lacks {name} with {target.Count} elements; it belongs to another model. "
                    + "Start the training again.");
            }

            saved.Data.CopyTo(target.Data, 0);
        }

        StepCount = stepCount;
    }

    /// <summary>
    /// Takes a step: g = gradient * min(1, max / (norm + 1e-6)); p = p (1 - lr wd); m = m + (1 - b1) (g - m); v = b2 v
    /// + (1 - b2) g^2; p = p - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
    /// </summary>
    /// <param name="gradients">Of the same shapes and in the same order as the parameters; not changed.</param>
    /// <param name="learningRate">lr, at least 0.</param>
    /// <returns>Norm of all gradients together, before clipping.</returns>
    public double Step(IReadOnlyList<NamedTensor> gradients, double learningRate)
    {
        double norm = Norm(gradients);
        double clip = Options.MaxGradientNorm > 0 ? Math.Min(1, Options.MaxGradientNorm / (norm + 1e-6)) : 1;
        StepCount++;
        Update update = new()
        {
            Clip = (float)clip,
            Beta1Rest = (float)(1 - Options.Beta1),
            Beta2 = (float)Options.Beta2,
            Beta2Rest = (float)(1 - Options.Beta2),
            StepSize = (float)(learningRate / (1 - Math.Pow(Options.Beta1, StepCount))),
            RootCorrection = (float)Math.Sqrt(1 - Math.Pow(Options.Beta2, StepCount)),
            Epsilon = (float)Options.Epsilon,
        };
        float decay = (float)(1 - (learningRate * Options.WeightDecay));
        _team.For(_chunks.Length, c =>
        {
            (int t, int start, int count) = _chunks[c];
            bool decays = Options.DecayNormsAndBiases || _parameters[t].Tensor.Shape.Count > 1;
            fixed (float* p = _parameters[t].Tensor.Data, g = gradients[t].Tensor.Data)
            fixed (float* m = _firstMoments[t].Tensor.Data, v = _secondMoments[t].Tensor.Data)
            {
                update.Apply(p + start, g + start, m + start, v + start, count, decays ? decay : 1);
            }
        });
        return norm;
    }

    /// <summary>Root of the sum of all squares, in double precision and in a fixed order.</summary>
    private double Norm(IReadOnlyList<NamedTensor> gradients)
    {
        _team.For(_chunks.Length, c =>
        {
            (int t, int start, int count) = _chunks[c];
            Vector512<double> sum = Vector512<double>.Zero;
            fixed (float* g = gradients[t].Tensor.Data)
            {
                for (int i = 0; i < count; i += VectorMath.Lanes)
                {
                    (Vector512<double> low, Vector512<double> high) = Vector512.Widen(
                        VectorMath.Load(g + start + i, count - i));
                    sum += (low * low) + (high * high);
                }
            }

            double total = 0;
            for (int i = 0; i < Vector512<double>.Count; i++)
            {
                total += sum[i];
            }

            _squares[c] = total;
        });
        double squares = 0;
        foreach (double square in _squares)
        {
            squares += square;
        }

        return Math.Sqrt(squares);
    }

    private static NamedTensor[] ZerosLike(IReadOnlyList<NamedTensor> parameters, string prefix)
        => [.. parameters.Select(p => new NamedTensor(prefix + p.Name, new Tensor([.. p.Tensor.Shape])))];

    private static IEnumerable<(int Tensor, int Start, int Count)> Chunks(int tensor, int count)
    {
        for (int start = 0; start < count; start += ChunkFloats)
        {
            yield return (tensor, start, Math.Min(ChunkFloats, count - start));
        }
    }

    private struct Update
    {
        public float Clip, Beta1Rest, Beta2, Beta2Rest, StepSize, RootCorrection, Epsilon;

        public readonly void Apply(
            float* parameter, float* gradient, float* first, float* second, int count, float decay)
        {
            Vector512<float> clip = Vector512.Create(Clip), beta1Rest = Vector512.Create(Beta1Rest);
            Vector512<float> beta2 = Vector512.Create(Beta2), beta2Rest = Vector512.Create(Beta2Rest);
            Vector512<float> stepSize = Vector512.Create(StepSize), root = Vector512.Create(RootCorrection);
            Vector512<float> eps = Vector512.Create(Epsilon), keep = Vector512.Create(decay);
            int i = 0;
            for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
            {
                ApplyVector(
                    parameter + i, gradient + i, first + i, second + i, VectorMath.Lanes, clip, beta1Rest, beta2,
                    beta2Rest, stepSize, root, eps, keep);
            }

            if (i < count)
            {
                ApplyVector(
                    parameter + i, gradient + i, first + i, second + i, count - i, clip, beta1Rest, beta2, beta2Rest,
                    stepSize, root, eps, keep);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void ApplyVector(
            float* parameter,
            float* gradient,
            float* first,
            float* second,
            int count,
            Vector512<float> clip,
            Vector512<float> beta1Rest,
            Vector512<float> beta2,
            Vector512<float> beta2Rest,
            Vector512<float> stepSize,
            Vector512<float> root,
            Vector512<float> eps,
            Vector512<float> keep)
        {
            Vector512<float> g = VectorMath.Load(gradient, count) * clip, m = VectorMath.Load(first, count);
            Vector512<float> v = VectorMath.Load(second, count);
            m = VectorMath.MultiplyAdd(g - m, beta1Rest, m);
            v = VectorMath.MultiplyAdd(g * g, beta2Rest, v * beta2);
            VectorMath.Store(m, first, count);
            VectorMath.Store(v, second, count);
            Vector512<float> p = VectorMath.Load(parameter, count) * keep;
            VectorMath.Store(p - (m / ((Vector512.Sqrt(v) / root) + eps) * stepSize), parameter, count);
        }
    }
}
