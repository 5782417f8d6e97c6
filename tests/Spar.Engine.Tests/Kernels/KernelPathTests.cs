using Spar.Engine.Kernels;

namespace Spar.Engine.Tests.Kernels;

/// <summary>Keeps <c>tests/kernel-paths.sh</c> honest: a switch of the runtime that has no effect would test the same path again.</summary>
public class KernelPathTests
{
    [Fact]
    public void The_kernels_are_as_wide_as_was_asked_for()
    {
        int expected = int.TryParse(Environment.GetEnvironmentVariable("SPAR_KERNEL_COLUMNS"), out int columns) ? columns : MicroKernel.Wide ? 32 : MicroKernel.Columns;
        Assert.Equal(expected, MicroKernel.Columns);
    }
}
