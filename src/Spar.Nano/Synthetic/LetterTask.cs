using System.Globalization;
using Spar.Ground;

namespace Spar.Nano.Synthetic;

/// <summary>
/// Character sequence: some letters are to be written, each a given number of times, without anything between them.
/// Their order and their case are free. The case is what interferes: chosen sides of interfering pairs are in upper
/// case, rejected sides in lower case.
/// </summary>
public sealed class LetterTask : ISyntheticTask
{
    /// <summary>Most times that one letter is asked for.</summary>
    public const int MostTimes = 6;

    /// <summary>
    /// The letters that tasks ask for. In English no two of them are often side by side, so that a byte-level tokenizer
    /// makes every letter of a sequence a token of its own, in either case.
    /// </summary>
    public const string Alphabet = "bcdfghjm";

    /// <summary>Every character of good answers: the letters in both cases.</summary>
    public static string Characters { get; } = Alphabet + Alphabet.ToUpperInvariant();

    /// <summary>Makes a task.</summary>
    /// <param name="runs">Letters in lower case, each once, and how often each is to be written, 1 or more.</param>
    public LetterTask(IReadOnlyList<(char Letter, int Times)> runs)
    {
        Runs = runs;
        string[] parts =
        [
            .. runs.Select(run => string.Create(CultureInfo.InvariantCulture, $"{run.Times}{run.Letter}")),
        ];
        string all = parts.Length == 1 ? parts[0] : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";
        Instruction = $"write the letters {all}.";
    }

    /// <summary>The letters asked for, in lower case, and how often each is to be written.</summary>
    public IReadOnlyList<(char Letter, int Times)> Runs { get; }

    /// <inheritdoc/>
    public string Instruction { get; }

    /// <summary>A task with two or three letters.</summary>
    /// <param name="random">The source of chance.</param>
    public static LetterTask Draw(SeededRandom random)
    {
        List<char> letters = [.. Alphabet];
        random.Shuffle(letters);
        return new LetterTask([
            .. letters.Take(random.Between(2, 3)).Select(letter => (letter, random.Between(1, MostTimes))),
        ]);
    }

    /// <inheritdoc/>
    public bool IsSatisfiedBy(string response)
    {
        string text = response.Trim();
        return text.Length == Runs.Sum(run => run.Times)
            && Runs.All(run => text.Count(letter => char.ToLowerInvariant(letter) == run.Letter) == run.Times);
    }

    /// <inheritdoc/>
    public string Write(SeededRandom random) => Spell(Runs, upper: random.Chance(0.5));

    /// <inheritdoc/>
    public SyntheticPairs WritePairs(SeededRandom random)
    {
        (char Letter, int Times)[] miscounted = [.. Runs];
        while (miscounted.SequenceEqual(Runs))
        {
            for (int i = 0; i < miscounted.Length; i++)
            {
                int off = random.Chance(0.5) ? random.Between(1, 2) * (random.Chance(0.5) ? 1 : -1) : 0;
                miscounted[i].Times = Math.Max(1, Runs[i].Times + off);
            }
        }

        bool upper = random.Chance(0.5);
        return new SyntheticPairs(
            new SyntheticPair(Spell(Runs, upper), Spell(miscounted, upper)),
            new SyntheticPair(Spell(Runs, upper: true), Spell(miscounted, upper: false))
        );
    }

    /// <summary>Share of a text's letters that are in upper case, 0..1; null for a text without letters.</summary>
    /// <param name="text">Any text.</param>
    public static double? UpperCaseShare(string text)
    {
        int letters = text.Count(char.IsAsciiLetter);
        return letters == 0 ? null : text.Count(char.IsAsciiLetterUpper) / (double)letters;
    }

    private static string Spell(IEnumerable<(char Letter, int Times)> runs, bool upper) =>
        string.Concat(
            runs.Select(run => new string(upper ? char.ToUpperInvariant(run.Letter) : run.Letter, run.Times))
        );
}
