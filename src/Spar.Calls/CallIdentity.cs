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

    private static T? Get<T>(ChatOptions? options, string name)
        where T : class => options?.AdditionalProperties?.GetValueOrDefault(name) as T;

    private static ChatOptions Put(ChatOptions options, string name, object value)
    {
        (options.AdditionalProperties ??= [])[name] = value;
        return options;
    }
}
