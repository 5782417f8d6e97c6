using Spar.Engine.Kernels;

namespace Spar.Engine.Tests.Kernels;

public class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_item_runs_exactly_once(int threads)
    {
        using ThreadTeam team = new(threads);
        for (int round = 0; round < 2000; round++)
        {
            int count = round % 37;
            int[] runs = new int[count];
            team.For(count, i => Interlocked.Increment(ref runs[i]));
            Assert.All(runs, r => Assert.Equal(1, r));
        }
    }

    [Fact]
    public void A_fault_in_an_item_reaches_the_caller_and_the_team_goes_on()
    {
        using ThreadTeam team = new(3);
        int done = 0;
        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(() => team.For(20, i =>
        {
            Interlocked.Increment(ref done);
            if (i == 7)
            {
                throw new InvalidOperationException("seven");
            }
        }));
        Assert.Equal("seven", fault.Message);
        Assert.Equal(20, done);
        team.For(20, _ => Interlocked.Increment(ref done));
        Assert.Equal(40, done);
    }

    [Fact]
    public void A_loop_of_a_struct_body_allocates_nothing()
    {
        using ThreadTeam team = new(2);
        Counter counter = new(new int[64]);
        team.For(64, ref counter);
        long before = GC.GetAllocatedBytesForCurrentThread();
        team.For(64, ref counter);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.All(counter.Runs, r => Assert.Equal(2, r));
    }

    private readonly struct Counter(int[] runs) : IParallelBody
    {
        public int[] Runs => runs;

        public void Run(int index, int worker) => runs[index]++;
    }
}
