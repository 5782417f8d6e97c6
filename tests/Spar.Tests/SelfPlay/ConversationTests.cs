using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Exports;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

/// <summary>Prompts that come at the end of a conversation.</summary>
public sealed class ConversationTests : IDisposable
{
    private const string System = "You rhyme.";
    private const string Earlier = "What did you have?";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_last_user_turn_is_played_and_what_comes_before_is_its_context()
    {
        Recipe recipe = TestRuns.Small with { Iterations = 1, PromptsPerIteration = 12 };
        World world = new();
        string directory = _directory.File("run");
        using RunStore store = RunStore.Open(directory, TestRuns.IdentityOf(recipe));
        await new SelfPlayRun
        {
            Recipe = recipe,
            Templates = TestRuns.Compact,
            Host = world,
            Trainer = new FakeTrainer(world.Inner),
            Teacher = new Teacher.Program(world.Inner),
            Prompts = world,
            Store = store,
        }.RunAsync(TestContext.Current.CancellationToken);

        // The actor sees turns; who judges or refines sees one text that holds them all.
        Assert.Contains(world.Asked, turns => turns.Count == 4);
        Assert.All(
            world.Asked.Where(turns => turns.Count > 1),
            turns =>
            {
                Assert.Equal(["system", "user", "assistant", "user"], turns.Select(turn => turn.Role.Value));
                Assert.Equal([System, Earlier, "Tea, and you?"], turns.Take(3).Select(turn => turn.Text));
                Assert.StartsWith("say a word", turns[3].Text, StringComparison.Ordinal);
            }
        );
        string[] framed = [.. world.Asked.Where(turns => turns.Count == 1).Select(turns => turns[0].Text)];
        Assert.Contains(framed, text => text.StartsWith("judge\n", StringComparison.Ordinal));
        Assert.Contains(framed, text => text.StartsWith("refine\n", StringComparison.Ordinal));
        Assert.All(framed, text => Assert.Contains(Earlier, text, StringComparison.Ordinal));

        // So do the rows that are learnt.
        SupervisedRow lesson = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!.Rows[0];
        Assert.StartsWith("say a word", lesson.Prompt, StringComparison.Ordinal);
        Assert.Equal(3, lesson.Context!.Count);
        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.NotEmpty(data.Pairs);
        Assert.All(data.Pairs, pair => Assert.Equal(world.Context, pair.Context));
        Assert.All(data.RefinerRows, row => Assert.Null(row.Context));
        Assert.All(data.RefinerRows, row => Assert.Contains(Earlier, row.Prompt, StringComparison.Ordinal));

        // And the files for other trainers.
        RunExport.Write(store, ExportFormat.LlamaFactory, _directory.File("factory"));
        RunExport.Write(store, ExportFormat.Trl, _directory.File("trl"));
        JsonElement row = Json(File.ReadAllText(_directory.File("factory/actor-0.json")))[0];
        Assert.Equal(
            ["system", "user", "assistant", "user", "assistant"],
            row.GetProperty("messages").EnumerateArray().Select(turn => turn.GetProperty("role").GetString())
        );
        JsonElement pair = Json(File.ReadLines(_directory.File("trl/actor-1.jsonl")).First());
        Assert.Equal(
            ["system", "user", "assistant", "user"],
            pair.GetProperty("prompt").EnumerateArray().Select(turn => turn.GetProperty("role").GetString())
        );
        Assert.Equal(1, pair.GetProperty("chosen").GetArrayLength());
    }

    [Fact]
    public void A_prompt_without_context_is_its_own_instruction()
    {
        Assert.Equal("say {it}", new Prompt("a", "say {it}").Instruction);
        Assert.Equal("say {it}", new Prompt("a", "say {it}") { Context = [] }.Instruction);
        Assert.NotEqual(
            new Prompt("a", "c") { Context = [new ChatTurn(ChatRoles.User, "b")] }.Instruction,
            new Prompt("a", "c") { Context = [new ChatTurn(ChatRoles.System, "b")] }.Instruction
        );
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    private sealed class World : IModelHost, IPromptSource
    {
        public FakeWorld Inner { get; } = new();

        public ConcurrentBag<IReadOnlyList<ChatMessage>> Asked { get; } = [];

        public IReadOnlyList<ChatTurn> Context { get; } =
            [
                new(ChatRoles.System, System),
                new(ChatRoles.User, Earlier),
                new(ChatRoles.Assistant, "Tea, and you?"),
            ];

        public IReadOnlyList<Prompt> Take(PromptSplit split, int count) =>
            [.. Inner.Take(split, count).Select(prompt => prompt with { Context = Context })];

        public async ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken) =>
            new Listening(await Inner.OpenAsync(model, cancellationToken), Asked);
    }

    private sealed class Listening(IChatClient inner, ConcurrentBag<IReadOnlyList<ChatMessage>> asked)
        : DelegatingChatClient(inner)
    {
        public override Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            ChatMessage[] turns = [.. messages];
            asked.Add(turns);
            return base.GetResponseAsync(turns, options, cancellationToken);
        }
    }
}
