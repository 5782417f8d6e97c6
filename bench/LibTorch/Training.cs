using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LibTorchPeer;

/// <summary>Single optimizer steps, as <c>Spar.Bench train-nano</c> and <c>train-135m</c> take them.</summary>
internal sealed class Training
{
    private const double Beta = 0.1;
    private const double SftWeight = 0.1;
    private const double Reference = -800;
    private const double Rate = 1e-8; // the same rows again and again: never so sure of them that gradients become denormal

    private readonly string _name;
    private readonly Shape _shape;
    private readonly TrainedModel _model;
    private readonly Tensor _rows;
    private readonly Tensor _pairs;
    private readonly Tensor[] _first;
    private readonly Tensor[] _second;
    private readonly Tensor[] _steps;

    public Training(string name)
    {
        _name = name;
        _shape = name == "nano" ? Shape.Nano : Shape.SmolLm2;
        manual_seed(1);
        _model = new TrainedModel(_shape);
        _rows = randint(_shape.Vocabulary, [_shape.Rows, _shape.Length], ScalarType.Int64);
        _pairs = randint(_shape.Vocabulary, [2 * _shape.Pairs, _shape.Length], ScalarType.Int64);
        _first = [.. _model.Parameters.Select(p => zeros(p.shape))];
        _second = [.. _model.Parameters.Select(p => zeros(p.shape))];
        _steps = [.. _model.Parameters.Select(_ => zeros(1))];
    }

    private (string Name, Tensor Ids, Func<Setting, Tensor> Loss)[] Cases =>
        [
            ("SFT, loss on all tokens", _rows, setting => Supervised(setting, 1)),
            ("SFT, loss on the response", _rows, setting => Supervised(setting, Shape.Prompt)),
            ("DPO", _pairs, Preference),
        ];

    /// <summary>
    /// Takes one step for every line of standard input, a case's number from 0 and a setting ("0 fp32 eager"), and
    /// prints its figure. Before the first of each come steps for 3 seconds that do not count.
    /// </summary>
    public void Serve()
    {
        HashSet<string> warm = [];
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ', 2);
            int index = int.Parse(words[0], CultureInfo.InvariantCulture);
            (string name, Tensor ids, Func<Setting, Tensor> loss) = Cases[index];
            Setting setting = Setting.Parse(words[1]);
            long start = Stopwatch.GetTimestamp();
            while (!warm.Contains(line) && Stopwatch.GetElapsedTime(start).TotalSeconds < 3)
            {
                Step(loss, setting);
            }

            warm.Add(line);
            start = Stopwatch.GetTimestamp();
            Step(loss, setting);
            double rate = ids.NumberOfElements / Stopwatch.GetElapsedTime(start).TotalSeconds;
            Figure.Print($"{_name}: {name}; {setting}", rate);
        }
    }

    /// <summary>
    /// Prints the losses of a model just made in all settings, those that arithmetic by hand expects, and those of ten
    /// steps on the same rows.
    /// </summary>
    public void Check()
    {
        // Rows of the last norm have a root mean square of 1, so a logit is a sum of Hidden products with weights of
        // deviation 0.02 and Gaussian; the loss is ln(V E[exp(logit)]) less a mean of 0.
        double variance = _shape.Hidden * 0.02 * 0.02;
        double sft = Math.Log(_shape.Vocabulary) + (variance / 2);
        // A difference of sums of 2 n log-probabilities is Gaussian too: E[-log sigmoid(z)] is ln 2 + Var[z] / 8 + ...
        double spread = Beta * Beta * 2 * (_shape.Length - Shape.Prompt) * variance;
        double dpo = Math.Log(2) + (spread / 8) + (SftWeight * sft);
        foreach ((string name, _, Func<Setting, Tensor> loss) in Cases)
        {
            (double mean, double deviation) =
                name == "DPO"
                    ? (dpo, Math.Sqrt(spread / _shape.Pairs) / 2)
                    : (sft, Math.Sqrt(variance / (_shape.Rows * (_shape.Length - Shape.Prompt))));
            Console.WriteLine(
                FormattableString.Invariant($"{_name}: {name}: about {mean:F3}, give or take {deviation:F3}")
            );
            foreach (Setting setting in Setting.All)
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable still = no_grad();
                Console.WriteLine(FormattableString.Invariant($"  {setting}: {loss(setting).item<float>():F4}"));
            }
        }

        foreach (Setting setting in Setting.All)
        {
            foreach ((string name, _, Func<Setting, Tensor> loss) in Cases)
            {
                double[] losses = [.. Enumerable.Range(0, 10).Select(_ => Step(loss, setting))];
                Console.WriteLine(
                    FormattableString.Invariant($"{setting}, {name}: {losses[0]:F4} ... {losses[^1]:F4}")
                );
            }
        }
    }

    private double Step(Func<Setting, Tensor> loss, Setting setting)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Tensor parameter in _model.Parameters)
        {
            parameter.grad = null;
        }

        Tensor value = loss(setting);
        value.backward();
        nn.utils.clip_grad_norm_(_model.Parameters, 1.0);
        using (no_grad())
        {
            Tensor[] gradients = [.. _model.Parameters.Select(p => p.grad!)];
            Operators.FusedAdamW(_model.Parameters, gradients, _first, _second, _steps, Rate);
        }

        return value.item<float>();
    }

    private Tensor Supervised(Setting setting, int firstTarget)
    {
        Tensor logits = _model.Forward(_rows, setting, firstTarget - 1);
        Tensor targets = _rows.slice(1, firstTarget, _shape.Length, 1);
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten());
    }

    /// <summary>Even rows are chosen, odd ones rejected; the reference's log-probabilities are known numbers.</summary>
    private Tensor Preference(Setting setting)
    {
        Tensor logits = _model.Forward(_pairs, setting, Shape.Prompt - 1);
        Tensor targets = _pairs.slice(1, Shape.Prompt, _shape.Length, 1);
        Tensor tokens = functional.log_softmax(logits, -1).gather(2, targets.unsqueeze(-1)).squeeze(-1);
        Tensor ratios = tokens.sum(-1) - Reference;
        Tensor margin = Beta * (ratios.slice(0, 0, 2 * _shape.Pairs, 2) - ratios.slice(0, 1, 2 * _shape.Pairs, 2));
        return -functional.logsigmoid(margin).mean() - (SftWeight * tokens.slice(0, 0, 2 * _shape.Pairs, 2).mean());
    }
}
