using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LibTorchPeer;

/// <summary>
/// Generated tokens a second at the nano shape, as <c>Spar.Bench generate-nano</c> has them: random weights, prompts of
/// 60 tokens, 40 tokens each, sampled at temperature 1. Keys and values lie in tensors made once; with bfloat16 so do
/// the weights, and only norms and the draw compute in float32. The loop is TorchScript, so that no call from .NET
/// comes between two operators. All streams of a batch start and end together, which flatters this side: nothing ever
/// waits for a straggler.
/// </summary>
internal static class Generation
{
    private const int Vocabulary = 1024;
    private const int Hidden = 128;
    private const int FeedForward = 384;
    private const int Layers = 4;
    private const int Heads = 4;
    private const int HeadSize = 32;
    private const int Prompt = 60;
    private const int Output = 40;

    private static readonly jit.CompilationUnit s_unit = jit.compile(
        """
        def norm(x: Tensor, weight: Tensor) -> Tensor:
            wide = x.float()
            return (wide * torch.rsqrt(wide.square().mean(-1, True) + 1e-6) * weight).type_as(x)

        def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
            a, b = x.chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        def logits(ids: Tensor, start: int, weights: List[Tensor], keys: List[Tensor], values: List[Tensor], cos: Tensor,
                   sin: Tensor, mask: Tensor, fused: bool) -> Tensor:
            batch = ids.size(0)
            length = ids.size(1)
            heads = keys[0].size(1)
            size = keys[0].size(3)
            c = cos.narrow(0, start, length)
            s = sin.narrow(0, start, length)
            x = torch.embedding(weights[0], ids)
            for layer in range(len(keys)):
                w = 2 + 6 * layer
                qkv = torch.linear(norm(x, weights[w]), weights[w + 1])
                q, k, v = qkv.view(batch, length, 3, heads, size).permute(2, 0, 3, 1, 4).unbind(0)
                q = rotate(q, c, s)
                keys[layer].narrow(2, start, length).copy_(rotate(k, c, s))
                values[layer].narrow(2, start, length).copy_(v)
                k = keys[layer].narrow(2, 0, start + length)
                v = values[layer].narrow(2, 0, start + length)
                if fused:
                    mixed = torch.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
                else:
                    scores = torch.matmul(q, k.transpose(-1, -2)) * size ** -0.5
                    if length > 1:
                        scores = scores + mask.narrow(0, 0, length).narrow(1, 0, length)
                    mixed = torch.matmul(scores.softmax(-1), v)
                x = x + torch.linear(mixed.transpose(1, 2).reshape(batch, length, heads * size), weights[w + 2])
                gate, up = torch.linear(norm(x, weights[w + 3]), weights[w + 4]).chunk(2, -1)
                x = x + torch.linear(torch.silu(gate) * up, weights[w + 5])
            return torch.linear(norm(x.select(1, length - 1), weights[1]), weights[0])

        def generate(ids: Tensor, tokens: int, weights: List[Tensor], keys: List[Tensor], values: List[Tensor], cos: Tensor,
                     sin: Tensor, mask: Tensor, fused: bool):
            start = 0
            for i in range(tokens):
                last = logits(ids, start, weights, keys, values, cos, sin, mask, fused)
                start += ids.size(1)
                ids = torch.multinomial(last.float().softmax(-1), 1)

        """
    );

    /// <summary>Prints a line for 1 and 32 streams in each setting.</summary>
    public static void Run()
    {
        using IDisposable still = inference_mode(true);
        foreach (int streams in new[] { 1, 32 })
        {
            foreach (Setting setting in Setting.All)
            {
                using DisposeScope scope = NewDisposeScope();
                object[] model = Model(setting, streams);
                Measure(model, streams, seconds: 1);
                Figure.Print($"generate nano, {streams} streams; {setting}", Measure(model, streams, seconds: 4));
            }
        }
    }

    /// <summary>
    /// Prints, for each setting, how far the last logits are from those of float32, once with the cache filled token by
    /// token after the prompt and once with all tokens read at once.
    /// </summary>
    public static void Check()
    {
        using IDisposable still = inference_mode(true);
        using Tensor ids = randint(Vocabulary, [2, Prompt + Output], ScalarType.Int64);
        Tensor? right = null;
        foreach (Setting setting in Setting.All)
        {
            object[] model = Model(setting, streams: 2);
            Tensor Logits(int first, int end) =>
                (Tensor)s_unit.invoke("logits", [ids.slice(1, first, end, 1), first, .. model]);

            Tensor whole = Logits(0, Prompt + Output).to(ScalarType.Float32);
            Tensor stepwise = Logits(0, Prompt);
            for (int token = Prompt; token < Prompt + Output; token++)
            {
                stepwise = Logits(token, token + 1);
            }

            right ??= whole;
            double Error(Tensor logits) => (logits.to(ScalarType.Float32) - right).abs().max().item<float>();
            double deviation = right.std().item<float>();
            Console.WriteLine(
                FormattableString.Invariant(
                    $"{setting}: deviation {deviation:F3}, at once {Error(whole):E1} off, token by token {Error(stepwise):E1}"
                )
            );
        }
    }

    /// <summary>What the scripts take after the tokens and the number of those to make or the first one's position.</summary>
    private static object[] Model(Setting setting, int streams)
    {
        manual_seed(1);
        Tensor Of(Tensor tensor) => tensor.to(setting.Type);
        Tensor Matrix(int rows, int columns) => Of(randn(rows, columns) * 0.02);
        Tensor[] Cache() =>
            [
                .. Enumerable
                    .Range(0, Layers)
                    .Select(_ => empty([streams, Heads, Prompt + Output, HeadSize], setting.Type)),
            ];

        Tensor[] weights =
        [
            Matrix(Vocabulary, Hidden),
            ones(Hidden),
            .. Enumerable
                .Range(0, Layers)
                .SelectMany(_ =>
                    new[]
                    {
                        ones(Hidden),
                        Matrix(3 * Hidden, Hidden),
                        Matrix(Hidden, Hidden),
                        ones(Hidden),
                        Matrix(2 * FeedForward, Hidden),
                        Matrix(Hidden, FeedForward),
                    }
                ),
        ];
        Tensor angles = outer(
            arange(Prompt + Output, ScalarType.Float32),
            pow(10000, arange(0, HeadSize, 2, ScalarType.Float32) / -HeadSize)
        );
        Tensor mask = full([Prompt + Output, Prompt + Output], double.NegativeInfinity).triu(1);
        return [weights, Cache(), Cache(), Of(angles.cos()), Of(angles.sin()), Of(mask), setting.Fused];
    }

    private static double Measure(object[] model, int streams, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        int rounds = 0;
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; rounds++)
        {
            using Tensor prompts = randint(Vocabulary, [streams, Prompt], ScalarType.Int64);
            s_unit.invoke("generate", [prompts, Output, .. model]);
        }

        return rounds * streams * Output / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
