using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>What a call is known by.</summary>
/// <param name="Key">
/// Its name, unique in the run, such as <c>it1/tree/p17/n4/try0</c>; its seed is derived from it.
/// </param>
/// <param name="Fingerprint">Changes with all that the answer depends on beside the seed: prompt and settings.</param>
public sealed record CallIdentity(string Key, ulong Fingerprint);

/// <summary>
/// What travels with a call through the stack of clients beside what the model is told; it stands in
/// <see cref="ChatOptions.AdditionalProperties"/>, where a model does not look.
/// </summary>
public static class CallProperties
{
    private const string CallName = "spar.call";
    private const string WeighName = "spar.weigh";
    private const string ChoicesName = "spar.choices";
    private const string PlaceName = "spar.place";
    private const string SeedsName = "spar.seeds";
    private const string AnswersName = "spar.answers";

    /// <summary>What the call is known by; null for a call that nobody named.</summary>
    /// <param name="options">The call's options.</param>
    public static CallIdentity? Call(this ChatOptions? options) => Get<CallIdentity>(options, CallName);

    /// <summary>Names a call.</summary>
    /// <param name="options">The call's options.</param>
    /// <param name="call">What it is known by.</param>
    /// <returns>The options.</returns>
    public static ChatOptions WithCall(this ChatOptions options, CallIdentity call) => Put(options, CallName, call);

    /// <summary>Finds the place in the answer at which words are to be weighed; null where none are.</summary>
    /// <param name="options">The call's options.</param>
    public static Func<string, Alternatives?>? Weighed(this ChatOptions? options) =>
        Get<Func<string, Alternatives?>>(options, WeighName);

    /// <summary>
    /// Asks for the weights of words at one place of the answer; see <see cref="WeighingChatClient"/>.
    /// </summary>
    /// <param name="options">The call's options.</param>
    /// <param name="find">
    /// Finds the place in the answer's text; null when there is none. Always the same for one prompt.
    /// </param>
    /// <returns>The options.</returns>
    public static ChatOptions WithWeighed(this ChatOptions options, Func<string, Alternatives?> find) =>
        Put(options, WeighName, find);

    /// <summary>Continuations that are to be scored instead of generating; null where an answer is generated.</summary>
    /// <param name="options">The call's options.</param>
    public static IReadOnlyList<string>? Choices(this ChatOptions? options) =>
        Get<IReadOnlyList<string>>(options, ChoicesName);

    /// <summary>Offers continuations to score where the model can; see <see cref="ChoiceScoringChatClient"/>.</summary>
    /// <param name="options">The call's options.</param>
    /// <param name="choices">At least two.</param>
    /// <returns>The options.</returns>
    public static ChatOptions WithChoices(this ChatOptions options, IReadOnlyList<string> choices) =>
        Put(options, ChoicesName, choices);

    /// <summary>The call's place in a group of calls that ask the same; null for a call that stands alone.</summary>
    /// <param name="options">The call's options.</param>
    public static GroupPlace? Place(this ChatOptions? options) => Get<GroupPlace>(options, PlaceName);

    /// <summary>Puts the call into a group; see <see cref="GroupingChatClient"/>.</summary>
    /// <param name="options">The call's options.</param>
    /// <param name="place">Its place there.</param>
    /// <returns>The options.</returns>
    public static ChatOptions WithPlace(this ChatOptions options, GroupPlace place) => Put(options, PlaceName, place);

    /// <summary>The seeds with which several answers are wanted at once; null where one is.</summary>
    /// <param name="options">The call's options.</param>
    public static IReadOnlyList<long>? Seeds(this ChatOptions? options) => Get<IReadOnlyList<long>>(options, SeedsName);

    /// <summary>Asks for several answers at once; see <see cref="IManyAnswersClient"/>.</summary>
    /// <param name="options">The call's options.</param>
    /// <param name="seeds">A seed an answer.</param>
    /// <returns>The options.</returns>
    public static ChatOptions WithSeeds(this ChatOptions options, IReadOnlyList<long> seeds) =>
        Put(options, SeedsName, seeds);

    /// <summary>The answers that came at once, by their place, null where one is missing; null where one was asked for.</summary>
    /// <param name="response">The response, which says what the first of them says.</param>
    public static IReadOnlyList<ChatResponse?>? Answers(this ChatResponse response) =>
        response.AdditionalProperties?.GetValueOrDefault(AnswersName) as IReadOnlyList<ChatResponse?>;

    /// <summary>Gives a response the answers that came with it.</summary>
    /// <param name="response">The response.</param>
    /// <param name="answers">By their place; null where one is missing.</param>
    /// <returns>The response.</returns>
    public static ChatResponse WithAnswers(this ChatResponse response, IReadOnlyList<ChatResponse?> answers)
    {
        (response.AdditionalProperties ??= [])[AnswersName] = answers;
        return response;
    }

    private static T? Get<T>(ChatOptions? options, string name)
        where T : class => options?.AdditionalProperties?.GetValueOrDefault(name) as T;

    private static ChatOptions Put(ChatOptions options, string name, object value)
    {
        (options.AdditionalProperties ??= [])[name] = value;
        return options;
    }
}
