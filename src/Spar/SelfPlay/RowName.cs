using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spar.SelfPlay;

/// <summary>
/// Which models a row of the results measures: the base model, those after SFT, or those after an iteration. Ordered as
/// a run makes them.
/// </summary>
[JsonConverter(typeof(Converter))]
public readonly record struct RowName : IComparable<RowName>
{
    private const string IterationPrefix = "iteration-";

    // 0: base, 1: SFT, n + 1: iteration n.
    private readonly int _place;

    private RowName(int place) => _place = place;

    /// <summary>The base model in both parts.</summary>
    public static RowName Base { get; } = new(0);

    /// <summary>M_0 and R_0.</summary>
    public static RowName Sft { get; } = new(1);

    /// <summary>The iteration that made the models; null before the first.</summary>
    public int? IterationNumber => _place > 1 ? _place - 1 : null;

    /// <summary>The models after an iteration.</summary>
    /// <param name="iteration">1 and up.</param>
    public static RowName Iteration(int iteration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iteration, 1);
        return new RowName(iteration + 1);
    }

    /// <summary>The last row of a run.</summary>
    /// <param name="iterations">The run's iterations, 0 and up.</param>
    public static RowName Last(int iterations) => iterations == 0 ? Sft : Iteration(iterations);

    /// <summary>Reads a name as <see cref="ToString"/> writes it.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="FormatException">No row is called so.</exception>
    public static RowName Parse(string name) => name switch
    {
        "base" => Base,
        "sft" => Sft,
        _ when name.StartsWith(IterationPrefix, StringComparison.Ordinal) &&
            int.TryParse(
                name.AsSpan(IterationPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int iteration)
                && iteration > 0 =>
            Iteration(iteration),
        _ => throw new FormatException($"\"{name}\" is no row of the results: base, sft or iteration-N."),
    };

    /// <inheritdoc/>
    public int CompareTo(RowName other) => _place.CompareTo(other._place);

    /// <summary>The name in files: base, sft or iteration-N.</summary>
    public override string ToString() => _place switch
    {
        0 => "base",
        1 => "sft",
        _ => string.Create(CultureInfo.InvariantCulture, $"{IterationPrefix}{IterationNumber}"),
    };

    private sealed class Converter : JsonConverter<RowName>
    {
        public override RowName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return Parse(reader.GetString() ?? "");
            }
            catch (FormatException fault)
            {
                throw new JsonException(fault.Message, fault);
            }
        }

        public override void Write(Utf8JsonWriter writer, RowName value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
