using TorchSharp;
using static TorchSharp.torch;

namespace LibTorchPeer;

/// <summary>Operators of LibTorch that TorchSharp has no method for, called through TorchScript.</summary>
internal static class Operators
{
    private static readonly jit.CompilationUnit s_unit = jit.compile(
        """
        def embedding(weight: Tensor, ids: Tensor) -> Tensor:
            return torch.embedding(weight, ids)

        def adamw(weights: List[Tensor], gradients: List[Tensor], first: List[Tensor], second: List[Tensor], steps: List[Tensor],
                  rate: float):
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(weights, gradients, first, second, [], steps, lr=rate, beta1=0.9, beta2=0.999,
                                weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False)

        """
    );

    public static Tensor Embedding(Tensor weight, Tensor ids) =>
        (Tensor)s_unit.invoke("embedding", (object)weight, (object)ids);

    /// <summary>One pass over weights, gradients and both moments.</summary>
    public static void FusedAdamW(
        Tensor[] weights,
        Tensor[] gradients,
        Tensor[] first,
        Tensor[] second,
        Tensor[] steps,
        double rate
    ) => s_unit.invoke("adamw", weights, gradients, first, second, steps, rate);
}
