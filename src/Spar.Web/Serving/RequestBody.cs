using System.Globalization;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>
/// A request's JSON object. A member that is absent or null has the default; one of the wrong kind or out of its range
/// is a fault that names it.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="path">Where it stands in the request; empty for the whole.</param>
internal sealed class RequestBody(JsonElement json, string path = "")
{
    /// <summary>Takes a request's JSON.</summary>
    /// <param name="json">Any JSON.</param>
    /// <exception cref="ApiFaultException">It is no object.</exception>
    public static RequestBody Of(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object
            ? new RequestBody(json)
            : throw new ApiFaultException(400, "The body must be a JSON object.");

    /// <summary>A member; null where it is absent or null.</summary>
    /// <param name="name">Its name.</param>
    public JsonElement? Find(string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text; null where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ApiFaultException">It is no text.</exception>
    public string? Text(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.String ? JsonText.Of(value) : throw Wrong(name, "a text")
        : null;

    /// <summary>True or false; false where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ApiFaultException">It is something else.</exception>
    public bool Flag(string name) => Find(name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>A whole number; null where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="least">The least that is taken.</param>
    /// <param name="most">The most that is taken.</param>
    /// <exception cref="ApiFaultException">It is something else.</exception>
    public long? Whole(string name, long least, long most)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            && number >= least && number <= most
            ? number
            : throw Wrong(
                name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    /// <summary>A number; null where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="least">The least that is taken.</param>
    /// <param name="most">The most that is taken.</param>
    /// <exception cref="ApiFaultException">It is something else.</exception>
    public double? Number(string name, double least, double most)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number >= least && number <= most
            ? number
            : throw Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    /// <summary>The members of an array; null where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ApiFaultException">It is no array.</exception>
    public IReadOnlyList<JsonElement>? Items(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Wrong(name, "a list")
        : null;

    /// <summary>An object; null where it is absent.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ApiFaultException">It is no object.</exception>
    public RequestBody? Group(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Object ? new RequestBody(value, $"{path}{name}.") : throw Wrong(name, "an object")
        : null;

    /// <summary>Refuses a member that this server cannot honour, so that nobody believes it was.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="why">Why it cannot, after "because".</param>
    /// <exception cref="ApiFaultException">It is there, and not an empty list or object.</exception>
    public void Refuse(string name, string why)
    {
        bool given = Find(name) is { } value && value.ValueKind switch
        {
            JsonValueKind.Array => value.GetArrayLength() > 0,
            JsonValueKind.Object => value.EnumerateObject().Any(),
            JsonValueKind.False => false,
            _ => true,
        };
        if (given)
        {
            throw new ApiFaultException(
                400, $"'{path}{name}' is not supported: {why}.", path + name, "unsupported_parameter");
        }
    }

    /// <summary>The fault of a member.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="expected">What it has to be.</param>
    public ApiFaultException Wrong(string name, string expected) =>
        new(400, $"'{path}{name}' must be {expected}.", path + name, "invalid_value");

    /// <summary>The fault of a member that is absent.</summary>
    /// <param name="name">Its name.</param>
    public ApiFaultException Missing(string name) =>
        new(400, $"'{path}{name}' is missing.", path + name, "missing_required_parameter");
}
