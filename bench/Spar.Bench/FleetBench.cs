using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Search;
using Spar.Templates;
using Spar.Web.Mock;

namespace Spar.Bench;

/// <summary>
/// Tree searches of many prompts against mock servers in this process, by the clock: what is asked, answered, lost and
/// doubled, how long it takes, and a hash of all answers, which is the same whatever the faults and the concurrency.
/// </summary>
internal static class FleetBench
{
    /// <summary>Settings of a measurement, each as name=value.</summary>
    /// <param name="arguments">
    /// prompts, concurrency, servers, faults (a plan), latency and token (ms), tokens, slots, yes, fixed (calls in flight
    /// at each server), branch, depth, votes, n (0: each answer by a request of its own), deadline (s, of one call).
    /// </param>
    public static async Task RunAsync(string[] arguments)
    {
        Dictionary<string, string> given = arguments.Select(one => one.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        double Number(string name, double preset) =>
            given.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : preset;
        int Count(string name, int preset) => (int)Number(name, preset);

        int prompts = Count("prompts", 1000), concurrency = Count("concurrency", 256);
        List<MockServer> servers = [];
        for (int i = 0; i < Count("servers", 1); i++)
        {
            servers.Add(await MockServer.StartAsync(new MockOptions
            {
                Latency = TimeSpan.FromMilliseconds(Number("latency", 0)),
                Token = TimeSpan.FromMilliseconds(Number("token", 0)),
                Tokens = Count("tokens", 20),
                Yes = Number("yes", 0.3),
                Slots = Count("slots", int.MaxValue),
                Faults = FaultPlan.Parse(given.GetValueOrDefault("faults", "")),
                FaultSeed = (ulong)i + 1,
            }));
        }

        ServedEndpoint[] endpoints =
        [
            .. servers.Select(server => new ServedEndpoint(server.Address, "mock")
            {
                Concurrency = Count("fixed", 0) is > 0 and int number ? number : null,
            }),
        ];
        using IChatClient client = PooledChatClient.Open(endpoints, new PoolOptions
        {
            MostInFlight = concurrency,
            Groups = Count("n", 1) != 0,
            FirstToken = TimeSpan.FromSeconds(Number("deadline", 5)),
            Token = TimeSpan.Zero,
            Notice = Console.Error.WriteLine,
            Retry = new RetryOptions
            {
                Patience = TimeSpan.FromMinutes(30),
                Delay = TimeSpan.FromMilliseconds(Number("delay", 100)),
            },
        });

        Answers answers = new();
        using CallSession session = new(1, concurrency, answers);
        ModelCaller caller = new(client, session);
        TemplateSet templates = TemplateSet.Load("compact");
        SearchSettings settings = new()
        {
            Branch = Count("branch", 3),
            SelectBranch = 2,
            MaxDepth = Count("depth", 3),
        };
        VotingJudge judge = new(caller, templates, new Sampling(0.7, 1, 2048), Count("votes", 5), settings.ToGate());
        RefinementSampler refiner = new(caller, templates, new Sampling(0.7, 1, 3072));
        IRefinementSearch search = SearchStrategy.Tree(judge, refiner, settings);
        ConcurrentDictionary<string, int> outcomes = new();
        Stopwatch watch = Stopwatch.StartNew();
        await Parallel.ForAsync(
            0,
            prompts,
            new ParallelOptions { MaxDegreeOfParallelism = concurrency },
            async (i, token) =>
            {
                string instruction = $"write a line about number {i}";
                string outcome;
                try
                {
                    Valuation value = await judge.JudgeAsync($"p{i}/judge", instruction, "no", token);
                    SearchTree tree = await search.SearchAsync($"tree/p{i}", instruction, "no", value, token);
                    outcome = tree.Outcome.ToString();
                }
                catch (CallFailedException fault)
                {
                    outcome = $"lost: {fault.Message}";
                }

                outcomes.AddOrUpdate(outcome, 1, (_, count) => count + 1);
            });
        double seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"prompts {prompts}, concurrency {concurrency}: {seconds:0.0} s, {session.Calls} calls, "
            + $"{session.Calls / seconds:0} calls/s, {session.Calls - session.SparedRequests} requests, answers {answers.Count} with hash {answers.Hash:x16}"));
        Console.WriteLine($"outcomes {string.Join(", ", outcomes.OrderBy(one => one.Key).Select(one => $"{one.Key} {one.Value}"))}");
        foreach (MockServer server in servers)
        {
            string used = Count("slots", 0) is > 0 and int slots
                ? $", {server.Counts.SlotSeconds / slots / seconds:P0} of its slots used" : "";
            Console.WriteLine($"{server.Address} {server.Counts.ToJson().ToJsonString()}{used}");
            await server.DisposeAsync();
        }

        Console.WriteLine($"memory {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at most, servers included");
    }

    // Keeps no texts; a sum of hashes does not hang on the order.
    private sealed class Answers : ICallMemo
    {
        private long _count;
        private ulong _hash;

        public long Count => _count;

        public ulong Hash => _hash;

        public Answer? Find(string key, ulong promptHash) => null;

        public void Keep(string key, ulong promptHash, Answer answer)
        {
            Interlocked.Increment(ref _count);
            Interlocked.Add(ref _hash, StableHash.Of($"{key} {promptHash} {answer.Text}"));
        }
    }
}
