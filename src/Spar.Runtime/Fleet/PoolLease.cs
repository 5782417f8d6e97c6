namespace Spar.Runtime.Fleet;

/// <summary>A request's place at an endpoint.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Calls">Calls that it is to answer.</param>
/// <param name="Prompt">The call's prompt, as the pool was told.</param>
/// <param name="Round">The round of the endpoint's limit in which the call began.</param>
/// <param name="AnsweredBefore">Calls that the endpoint had answered then.</param>
/// <param name="Began">When, by the clock.</param>
internal sealed record PoolLease(
    PooledEndpoint Endpoint, int Calls, ulong? Prompt, int Round, long AnsweredBefore, long Began);
