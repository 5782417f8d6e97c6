using Microsoft.Extensions.AI;
using Spar.Search;

namespace Spar.Decoding;

/// <summary>Puts searches and judges before a chat client, in one line each.</summary>
public static class DecodingChatClientBuilderExtensions
{
    /// <summary>
    /// Has a refiner judge the model's response and, where it fails, search for a better one over refinements.
    /// </summary>
    /// <param name="builder">Builds the client.</param>
    /// <param name="order">Breadth or depth first.</param>
    /// <param name="configure">Sets the refiner, the templates, votes and limits; null keeps the defaults.</param>
    public static ChatClientBuilder UseTreeSearchRefinement(
        this ChatClientBuilder builder, SearchOrder order = SearchOrder.Bfs,
        Action<DecodingChatClient>? configure = null) =>
        builder.UseDecoding(
            order == SearchOrder.Bfs ? SearchStrategy.Bfs.Name : SearchStrategy.Dfs.Name, configure);

    /// <summary>Takes, of several samples of the model, the one that the judge values most.</summary>
    /// <param name="builder">Builds the client.</param>
    /// <param name="samples">How many, at least 1.</param>
    /// <param name="configure">Sets the judge (the refiner), the templates and votes; null keeps the defaults.</param>
    public static ChatClientBuilder UseBestOf(
        this ChatClientBuilder builder, int samples, Action<DecodingChatClient>? configure = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        return builder.UseDecoding("best-of-n", client =>
        {
            client.Samples = samples;
            configure?.Invoke(client);
        });
    }

    /// <summary>Answers with what a decoding strategy settles on.</summary>
    /// <param name="builder">Builds the client.</param>
    /// <param name="strategy">One of <see cref="DecodingStrategies.Names"/>.</param>
    /// <param name="configure">Sets the client up; null keeps the defaults.</param>
    /// <exception cref="ArgumentException">There is no such strategy; thrown when the client is built.</exception>
    public static ChatClientBuilder UseDecoding(
        this ChatClientBuilder builder, string strategy, Action<DecodingChatClient>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use(inner =>
        {
            DecodingChatClient client = new(inner, strategy);
            configure?.Invoke(client);
            return client;
        });
    }

    /// <summary>Has a judge value each response (<see cref="JudgingChatClient.ValuationOf"/>).</summary>
    /// <param name="builder">Builds the client.</param>
    /// <param name="configure">Sets the judge, the templates and votes; null keeps the defaults.</param>
    public static ChatClientBuilder UseJudge(
        this ChatClientBuilder builder, Action<JudgingChatClient>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use(inner =>
        {
            JudgingChatClient client = new(inner);
            configure?.Invoke(client);
            return client;
        });
    }
}
