using System.Text.Json;
using Spar.Ground;

namespace Spar.Templates;

/// <summary>The marks by which a model's outputs are taken apart (<c>format.json</c> of a prompt set).</summary>
/// <param name="Verdict">Stands before the yes or no that ends a judgement, such as "final judgement:".</param>
/// <param name="ResponseStart">
/// Stands before the refined response; null when the whole output is the response, for models that are too small to
/// keep to marks.
/// </param>
/// <param name="ResponseEnd">
/// Stands after the refined response; null when the response goes on to the end of the text.
/// </param>
public sealed record OutputFormat(string Verdict, string? ResponseStart, string? ResponseEnd = null)
{
    /// <summary>Words for yes, the usual one first; any case counts.</summary>
    public IReadOnlyList<string> Yes { get; init; } = s_yes;

    /// <summary>Words for no, the usual one first; any case counts.</summary>
    public IReadOnlyList<string> No { get; init; } = s_no;

    /// <summary>
    /// Whether a response that lacks its end mark is taken where the model ended by itself; otherwise the refinement is
    /// tried again. Where the token limit ended it, it is never taken.
    /// </summary>
    public bool ResponseEndOptional { get; init; }

    /// <summary>A refined response as a refiner is to give it: with its marks, where there are any.</summary>
    /// <param name="reflection">What stands before it; null for nothing, and left out where there are no marks.</param>
    /// <param name="refined">The response.</param>
    public string Frame(string? reflection, string refined)
    {
        string said = string.IsNullOrWhiteSpace(reflection) ? "" : $"{reflection.Trim()}\n";
        return ResponseStart is not { } start ? refined
            : ResponseEnd is { } end ? $"{said}{start}\n{refined.Trim()}\n{end}"
            : $"{said}{start} {refined.Trim()}";
    }

    /// <summary>All that decides how outputs are read, as one text that changes with it.</summary>
    internal string Signature =>
        $"OutputFormat {{ Verdict = {Verdict}, ResponseStart = {ResponseStart}, ResponseEnd = {ResponseEnd} }}" +
        (Yes is ["yes"] && No is ["no"] ? "" : $" yes {string.Join('|', Yes)} no {string.Join('|', No)}") +
        (ResponseEndOptional ? " end optional" : "");

    private static readonly IReadOnlyList<string> s_yes = ["yes"];
    private static readonly IReadOnlyList<string> s_no = ["no"];

    /// <summary>Reads format.json.</summary>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="json">Its text.</param>
    /// <exception cref="SparException">It is not JSON, has an unknown key, or lacks a mark.</exception>
    public static OutputFormat Parse(string file, string json)
    {
        OutputFormat? format;
        try
        {
            format = JsonSerializer.Deserialize<OutputFormat>(json, JsonSettings.Strict);
        }
        catch (JsonException fault)
        {
            throw new SparException(
                $"{file} cannot be read: {JsonFaults.Describe(fault)}. It holds the keys verdict, responseStart and " +
                $"responseEnd, and may hold yes, no and responseEndOptional.", fault);
        }

        if (string.IsNullOrWhiteSpace(format?.Verdict))
        {
            throw new SparException($"{file} lacks the key verdict: the mark before yes or no in a judgement.");
        }

        if (format.ResponseStart is { } start && string.IsNullOrWhiteSpace(start))
        {
            throw new SparException(
                $"{file}: responseStart is empty. Name the mark before a refined response, or use null where the whole "
                + "output is the response.");
        }

        if (format.ResponseStart is null && (format.ResponseEnd is not null || format.ResponseEndOptional))
        {
            throw new SparException(
                $"{file} has an end mark without responseStart: without a mark before it, the response is the whole "
                + "output.");
        }

        if (Words(format.Yes) is not { Count: > 0 } yes || Words(format.No) is not { Count: > 0 } no
            || yes.Any(word => no.Any(other => word.StartsWith(other, StringComparison.OrdinalIgnoreCase)
                || other.StartsWith(word, StringComparison.OrdinalIgnoreCase))))
        {
            throw new SparException(
                $"{file}: yes and no must be lists of words, at least one each, none of which begins with one of the " +
                $"other list.");
        }

        return format.ResponseEnd is { } end && string.IsNullOrWhiteSpace(end)
            ? throw new SparException(
                $"{file}: responseEnd is empty. Use null where the response goes on to the end of the text.")
            : format;
    }

    private static List<string>? Words(IReadOnlyList<string>? words) =>
        words?.Any(string.IsNullOrWhiteSpace) == false ? [.. words] : null;
}
