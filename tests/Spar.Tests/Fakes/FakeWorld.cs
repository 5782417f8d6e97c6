using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Tests.Fakes;

/// <summary>
/// A small world with everything that a run needs. A response is "word N", and N decides how good it is; what a model
/// writes depends on its weights, the prompt and the seed alone. Calls end in an order that depends on the shuffle, so
/// that runs can be compared in several orders, and one that fails can be replayed.
/// </summary>
/// <param name="shuffle">Seed of the order in which calls end.</param>
internal sealed class FakeWorld(ulong shuffle = 0) : IModelHost, ITeacher, IPromptSource
{
    private int _untilKilled = int.MaxValue;
    private int _calls;
    private int _open;

    /// <summary>Calls, openings and trainings so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Models that are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Throws for the calls whose prompt it says true for.</summary>
    public Func<string, bool> Fails { get; set; } = _ => false;

    /// <summary>Changes what models write, given the prompt.</summary>
    public Func<string, string, string> Says { get; set; } = (_, answer) => answer;

    /// <summary>Why answers of models end.</summary>
    public string Finish { get; init; } = "stop";

    /// <summary>The call of this number, and all later ones, end the run as a kill would.</summary>
    public void KillAt(int call) => _untilKilled = call;

    public void Step()
    {
        if (Interlocked.Increment(ref _calls) >= _untilKilled)
        {
            throw new SparException("killed");
        }
    }

    public ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken)
    {
        string weights = Directory.Exists(model)
            ? File.ReadAllText(Path.Combine(model, FakeTrainer.WeightsFile)) : model;
        Interlocked.Increment(ref _open);
        return ValueTask.FromResult<IChatClient>(new ScriptedClient(
            async (prompt, options) =>
            {
                Step();
                await ShuffleAsync(prompt, (ulong)options.Seed!.Value);
                return Fails(prompt) ? throw new HttpRequestException("the endpoint is down")
                    : Says(prompt, Answer(weights, prompt, options));
            },
            () => Interlocked.Decrement(ref _open),
            Finish));
    }

    public async Task<Answer> RespondAsync(string instruction, ulong seed, CancellationToken cancellationToken)
    {
        Step();
        await ShuffleAsync(instruction, seed);
        return Fails(instruction) ? throw new HttpRequestException("the teacher is down")
            : new Answer($"word {8 + (seed % 2)}", 0, 0);
    }

    public async Task<Answer> JudgeAsync(
        string instruction, string response, ulong seed, CancellationToken cancellationToken)
    {
        Step();
        await ShuffleAsync(response, seed);
        return new Answer(seed % 11 == 0 ? "no idea"
            : $"looked at {response}\njudgement: {(Quality(response) > 6 ? "yes" : "no")}", 0, 0);
    }

    public async Task<Answer> RefineAsync(
        string instruction, string response, string critique, ulong seed, CancellationToken cancellationToken)
    {
        Step();
        await ShuffleAsync(critique, seed);
        return new Answer($"better\nrefined: word {7 + (seed % 3)}", 0, 0);
    }

    public IReadOnlyList<Prompt> Take(PromptSplit split, int count) =>
        [.. Enumerable.Range(0, count).Select(
            i => new Prompt($"{split.Name}-{split.Iteration}-{i}", $"say a word, {split.Name} {split.Iteration} {i}"))];

    /// <summary>What a model writes: judgements and refinements for the compact prompts, else a response.</summary>
    public static string Answer(string weights, string prompt, ChatOptions options)
    {
        ulong seed = options.Temperature == 0 ? 0 : (ulong)options.Seed!.Value;
        SeededRandom random = new(StableHash.Seed(seed, $"{weights}\0{prompt}"));
        if (prompt.StartsWith("judge\n", StringComparison.Ordinal))
        {
            int quality = Quality(prompt);
            return random.Next(12) == 0
                ? "hm" : $"checked {random.Next(100)}\njudgement: {(random.Next(10) < quality ? "yes" : "no")}";
        }

        if (prompt.StartsWith("refine\n", StringComparison.Ordinal))
        {
            return random.Next(6) == 0 ? "cannot" : $"thought {random.Next(100)}\nrefined: word {random.Next(8)}";
        }

        return $"word {random.Next(8)}";
    }

    private static int Quality(string text)
    {
        int at = text.LastIndexOf("word ", StringComparison.Ordinal) + 5;
        return text[at] - '0';
    }

    private async Task ShuffleAsync(string asked, ulong seed)
    {
        for (ulong turns = StableHash.Seed(shuffle ^ seed, asked) % 6; turns > 0; turns--)
        {
            await Task.Yield();
        }
    }
}
