using Spar.Engine.Kernels;

namespace Spar.Engine.Tests.Kernels;

/// <summary>
/// Keeps <c>tests/kernel-paths.sh</c> honest: a switch of the runtime that has no effect would test the same path
/// again.
/// </summary>
public class KernelPathTests
{
    [Fact]
    public void The_kernels_are_as_wide_as_was_asked_for()
    {
        bool asked = int.TryParse(Environment.GetEnvironmentVariable("SPAR_KERNEL_COLUMNS"), out int columns);
        Assert.Equal(asked ? columns : KernelPath.VectorBits / 16, MicroKernel.Columns);
    }

    [Fact]
    public void The_path_is_described_in_one_line()
    {
        Assert.Contains($"{KernelPath.VectorBits}-bit", KernelPath.Description, StringComparison.Ordinal);
        Assert.Contains(KernelPath.Processor, KernelPath.Description, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', KernelPath.Description);
        Assert.Equal(KernelPath.VectorBits == 512, KernelPath.InstructionSets.Contains("avx512f"));
    }
}
