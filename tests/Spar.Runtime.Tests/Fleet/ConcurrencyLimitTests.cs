using Spar.Ground;
using Spar.Runtime.Fleet;

namespace Spar.Runtime.Tests.Fleet;

/// <summary>Servers of several kinds, simulated call by call: what the limit finds, and what it costs them.</summary>
public sealed class ConcurrencyLimitTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(13)]
    [InlineData(40)]
    [InlineData(200)]
    public void A_server_with_slots_gets_as_many_calls_as_it_has_and_is_not_overrun(int slots)
    {
        (ConcurrencyLimit limit, int refused, int late) = Serve(
            new ConcurrencyLimit(most: 1024), calls: 20_000, inFlight => inFlight <= slots, _ => 1);

        Assert.InRange(limit.Now, slots - 1, slots + 1);
        // While the limit was being found, and afterwards by one call now and then.
        Assert.InRange(refused, 0, 40 + (2 * slots));
        Assert.InRange(late, 0, 25);
    }

    [Fact]
    public void A_server_that_takes_everything_gets_everything()
    {
        (ConcurrencyLimit limit, int refused, _) = Serve(new ConcurrencyLimit(most: 256), 5_000, _ => true, _ => 1);
        Assert.Equal((256, 0), (limit.Now, refused));
    }

    [Fact]
    public void A_server_that_fails_now_and_then_at_any_load_is_given_as_much_all_the_same()
    {
        SeededRandom random = new(7);
        (ConcurrencyLimit limit, int refused, _) = Serve(
            new ConcurrencyLimit(most: 256), 20_000, _ => random.NextDouble() > 0.09, _ => 1);
        Assert.InRange(limit.Now, 200, 256);
        Assert.InRange(refused, 1_500, 2_500);
    }

    [Fact]
    public void A_server_that_slows_down_with_load_is_not_given_ever_more()
    {
        // Works on 8 calls side by side and lets the others wait.
        (ConcurrencyLimit limit, _, _) = Serve(
            new ConcurrencyLimit(most: 1024), 20_000, _ => true, inFlight => Math.Max(1.0, inFlight / 8.0));
        Assert.InRange(limit.Now, 8, 120);
    }

    [Fact]
    public void A_server_that_grows_is_given_more_in_time()
    {
        ConcurrencyLimit limit = new(most: 1024);
        Serve(limit, 5_000, inFlight => inFlight <= 4, _ => 1);
        Serve(limit, 60_000, inFlight => inFlight <= 32, _ => 1);
        Assert.InRange(limit.Now, 20, 33);
    }

    [Fact]
    public void A_limit_that_the_recipe_gives_stays_as_it_is()
    {
        ConcurrencyLimit limit = new(1024, constant: 7);
        limit.Refused(limit.Round, 3);
        Serve(limit, 1_000, _ => true, _ => 1);
        Assert.Equal(7, limit.Now);
    }

    // Calls of the same length, as many as the limit lets begin; those refused are made again at once, so that a server
    // has to take as many as the limit's least.
    private static (ConcurrencyLimit Limit, int Refused, int Late) Serve(
        ConcurrencyLimit limit, int calls, Func<int, bool> takes, Func<int, double> seconds)
    {
        PriorityQueue<(double Began, int Round), double> ends = new();
        double now = 0;
        (int refused, int late) = (0, 0);
        for (int answered = 0; answered < calls;)
        {
            while (ends.Count < limit.Now)
            {
                int round = limit.Round;
                if (takes(ends.Count + 1))
                {
                    // No two end at the same moment.
                    ends.Enqueue((now, round), now + (3 * seconds(ends.Count + 1)) + (ends.Count * 1e-4));
                    continue;
                }

                refused++;
                late += answered > calls / 2 ? 1 : 0;
                limit.Refused(round, ends.Count);
            }

            ends.TryDequeue(out (double Began, int Round) call, out now);
            limit.Answered(ends.Count + 1, TimeSpan.FromSeconds(now - call.Began), tokens: 10);
            answered++;
        }

        return (limit, refused, late);
    }
}
