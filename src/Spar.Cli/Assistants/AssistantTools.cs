using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Server;
using Spar.Calls;
using Spar.Decoding;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Ground;
using Spar.Judging;
using Spar.Search;
using Spar.Templates;

namespace Spar.Cli.Assistants;

/// <summary>What an assistant can have done: judging, refining, searching, checking by rule.</summary>
/// <param name="actor">Answers instructions.</param>
/// <param name="refiner">Judges and refines.</param>
/// <param name="templates">How the refiner is asked.</param>
/// <param name="votes">Judgements a response, at least 1.</param>
internal sealed class AssistantTools(IChatClient actor, IChatClient refiner, TemplateSet templates, int votes)
{
    private const int MaxTokens = 1024;
    private static readonly Sampling s_refining = new(0.7, 1, MaxTokens);

    /// <summary>All tools, as the protocol lists them.</summary>
    public McpServerPrimitiveCollection<McpServerTool> All =>
    [
        McpServerTool.Create(JudgeAsync, Options("judge")),
        McpServerTool.Create(RefineAsync, Options("refine")),
        McpServerTool.Create(SearchAsync, Options("search")),
        McpServerTool.Create(Verify, Options("verify")),
    ];

    [Description("Judges whether a response does everything that its instruction asks for: the share of votes for yes, "
        + "and the critique that agrees with the verdict.")]
    private async Task<string> JudgeAsync(
        [Description("What was asked for.")] string instruction,
        [Description("The response to judge.")] string response,
        [Description("Seed of everything random; the same seed gives the same judgement.")] long seed = 1,
        CancellationToken cancellationToken = default)
    {
        using CallSession session = new(unchecked((ulong)seed), concurrency: 64);
        return Json(Told(await ValueAsync(session, instruction, response, cancellationToken)));
    }

    [Description("Refines a response so that it does what its instruction asks for, and changes only what it must. "
        + "Without a critique the response is judged first, and left as it is where it passes.")]
    private async Task<string> RefineAsync(
        [Description("What was asked for.")] string instruction,
        [Description("The response to refine.")] string response,
        [Description("What is wrong with it; left out, a judgement says so.")] string? critique = null,
        [Description("Seed of everything random; the same seed gives the same refinement.")] long seed = 1,
        CancellationToken cancellationToken = default)
    {
        using CallSession session = new(unchecked((ulong)seed), concurrency: 64);
        if (critique is null)
        {
            Valuation valuation = await ValueAsync(session, instruction, response, cancellationToken);
            if (Gate.Majority.Passes(valuation) || valuation.Critique is null)
            {
                return Json(new { refined = (string?)null, judgement = Told(valuation) });
            }

            critique = valuation.Critique;
        }

        Refinement refinement = await new RefinementSampler(
            new ModelCaller(refiner, session), templates, s_refining).RefineAsync(
            "mcp/refine", instruction, response, critique, cancellationToken);
        return Json(new { refined = refinement.Response, critique, unreadable = refinement.Unparsed });
    }

    [Description("Answers an instruction by tree search: the model's response is judged and, where it fails, refined "
        + "again and again until a refinement passes or the search ends. Gives the best response and its value.")]
    private async Task<string> SearchAsync(
        [Description("What is asked for.")] string instruction,
        [Description("How to search: bfs, dfs, iterative, restarts or best-of-n.")] string strategy = "bfs",
        [Description("Seed of everything random; the same seed gives the same answer.")] long seed = 1,
        CancellationToken cancellationToken = default)
    {
        if (!DecodingStrategies.Names.Contains(strategy))
        {
            throw new UserFaultException(
                $"There is no strategy {strategy}.", $"Give one of {string.Join(", ", DecodingStrategies.Names)}.");
        }

        // Disposing the search would close the models, which stay open for the next call.
        DecodingChatClient search = new(actor, strategy) { Refiner = refiner, Templates = templates, Votes = votes };
        ChatResponse response = await search.GetResponseAsync(
            instruction, new ChatOptions { Seed = seed, Temperature = 0.9f, MaxOutputTokens = MaxTokens },
            cancellationToken);
        Decoded decoded = DecodingChatClient.DecodedOf(response)!;
        return Json(new
        {
            response = decoded.Response,
            value = decoded.Candidates.FirstOrDefault(one => one.Response == decoded.Response)?.Valuation?.Value,
            candidates = decoded.Candidates.Select(one => new { one.Response, one.Valuation?.Value }),
        });
    }

    [Description("Checks a response by rule, without a model: each of IFEval's, IFTrain's and IFBench's instructions "
        + "by its id, such as punctuation:no_comma or length_constraints:number_words.")]
    private static string Verify(
        [Description("The response to check.")] string response,
        [Description("The instructions' ids.")] string[] instructionIds,
        [Description("The arguments of each, in the same order, as JSON objects such as {\"num_words\": 5, "
            + "\"relation\": \"at least\"}; left out where none needs any.")] JsonElement[]? kwargs = null)
    {
        if (kwargs is not null && kwargs.Length != instructionIds.Length)
        {
            throw new UserFaultException(
                $"There are {instructionIds.Length} ids and {kwargs.Length} kwargs.", "Give one object an id.");
        }

        var checks = instructionIds.Select((id, i) =>
        {
            Evaluation.Instructions.Verdict verdict = InstructionRegistry
                .Create(id, kwargs is null ? InstructionArguments.None : new InstructionArguments(kwargs[i]))
                .Verify(response);
            return new { id, verdict.Followed, found = $"the response {verdict.Explanation}" };
        }).ToArray();
        return Json(new { followed = checks.All(check => check.Followed), checks });
    }

    private async Task<Valuation> ValueAsync(
        CallSession session, string instruction, string response, CancellationToken cancellationToken) =>
        await new JudgingSettings().Create(
            [new ModelCaller(refiner, session)], templates, s_refining, votes, Gate.Majority)
            .JudgeAsync("mcp/judge", instruction, response, cancellationToken);

    private static object Told(Valuation valuation) => new
    {
        passes = Gate.Majority.Passes(valuation),
        value = valuation.Value,
        critique = valuation.Critique,
        votes = new { yes = valuation.Yes, no = valuation.No, unreadable = valuation.Unparsed?.Count ?? 0 },
    };

    private static McpServerToolCreateOptions Options(string name) => new()
    {
        Name = name,
        ReadOnly = true,
        Idempotent = true,
        OpenWorld = false,
    };

    private static string Json(object value) => JsonSerializer.Serialize(value, JsonSettings.ReadableWithNulls);
}
