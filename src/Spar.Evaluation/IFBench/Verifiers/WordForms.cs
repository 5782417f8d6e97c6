using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Each word begins with the letter after that of the word before it, a after z; any letter may come first.
/// </summary>
internal sealed class AlphabetWords : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = TextParts.Words(response);
        if (words.Count == 0)
        {
            return new Verdict(false, "has no words, which are to begin with consecutive letters");
        }

        // The first character alone is put into lower case: a capital I with a dot becomes two and is no letter a to z.
        string start = PythonText.Lower(words[0][..(PythonText.PointAt(words[0], 0) > 0xFFFF ? 2 : 1)]);
        if (start.Length != 1 || !char.IsAsciiLetterLower(start[0]))
        {
            return new Verdict(false, $"begins with the word {TextParts.Quote(words[0])}, not with a letter a to z");
        }

        char letter = start[0];
        for (int i = 1; i < words.Count; i++)
        {
            letter = letter == 'z' ? 'a' : (char)(letter + 1);
            if (PythonText.Lower(words[i])[0] != letter)
            {
                return new Verdict(false, $"has {TextParts.Quote(words[i])} as word {i + 1}, to begin with '{letter}'");
            }
        }

        return new Verdict(true, $"has {words.Count} words that begin with consecutive letters");
    }
}

/// <summary>One paragraph with at most three different vowels.</summary>
internal sealed class ThreeVowels : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string text = PythonText.Lower(PythonText.Strip(response));
        if (text.Contains('\n'))
        {
            return new Verdict(false, "has more than one line, to be one paragraph");
        }

        char[] vowels = [.. "aeiou".Where(text.Contains)];
        return new Verdict(
            vowels.Length <= 3,
            $"uses {vowels.Length} different vowels ({string.Join(", ", vowels)}), to be at most 3");
    }
}

/// <summary>Every field has two consonants side by side.</summary>
internal sealed class ConsonantClusters : InstructionVerifier
{
    private const string Consonants = "bcdfghjklmnpqrstvwxyz";

    protected override Verdict Check(string response)
    {
        string? without = PythonText.SplitWhitespace(PythonText.Lower(response)).Find(field => !HasCluster(field));
        return Tell(
            without is null,
            "has two consonants side by side in every word",
            $"has the word {TextParts.Quote(without ?? "")} without two consonants side by side");
    }

    private static bool HasCluster(string field)
    {
        for (int i = 1; i < field.Length; i++)
        {
            if (Consonants.Contains(field[i]) && Consonants.Contains(field[i - 1]))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>At least ten palindromes of at least five characters; repeated ones count.</summary>
internal sealed class Palindromes : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = PythonText.SplitWhitespace(PythonText.Lower(TextParts.DeletePunctuation(response)));
        return Compare(words.Count(IsPalindrome), Relation.AtLeast, 10, "palindromes of at least 5 characters");
    }

    private static bool IsPalindrome(string word)
    {
        int[] points = PythonText.CodePoints(word);
        return points.Length >= 5 && points.Reverse().SequenceEqual(points);
    }
}

/// <summary>The length of every word is a prime number up to 97.</summary>
internal sealed class PrimeLengths : InstructionVerifier
{
    private static readonly int[] s_primes =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];

    protected override Verdict Check(string response)
    {
        string? other = TextParts.Words(response).Find(word => !s_primes.Contains(TextParts.Length(word)));
        if (other is null)
        {
            return new Verdict(true, "has words of prime lengths only");
        }

        int length = TextParts.Length(other);
        return new Verdict(
            false, $"has the word {TextParts.Quote(other)} of {length} characters, to be a prime number up to 97");
    }
}

/// <summary>The first token is a verb to the tagger, right or wrong.</summary>
internal sealed class StartVerb : InstructionVerifier
{
    private const int Context = 3;

    protected override Verdict Check(string response)
    {
        string[] tokens = [.. WordTokenizer.Enumerate(response).Take(Context)];
        if (tokens.Length == 0)
        {
            return new Verdict(false, "has no words, the first of which is to be a verb");
        }

        string tag = PerceptronTagger.English.Tag(tokens, 1)[0];
        return new Verdict(
            tag.Contains("VB", StringComparison.Ordinal),
            $"begins with {TextParts.Quote(tokens[0])}, which reads as {tag}, to be a verb (VB...)");
    }
}

/// <summary>No word occurs more often than so many times, whatever the case.</summary>
internal sealed class WordRepeats(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _most = arguments.Integer("small_n");

    protected override Verdict Check(string response)
    {
        List<string> words = TextParts.Words(PythonText.Lower(response));
        if (words.Count == 0)
        {
            return new Verdict(true, "has no words");
        }

        (string word, int count) = words.CountBy(word => word).MaxBy(pair => pair.Value);
        return new Verdict(
            count <= _most, $"has the word {TextParts.Quote(word)} {count} times, to be at most {_most}");
    }
}

/// <summary>Words with an odd and with an even number of syllables take turns.</summary>
internal sealed class OddEvenSyllables : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = PythonText.SplitWhitespace(PythonText.Lower(TextParts.DeletePunctuation(response)));
        for (int i = 1; i < words.Count; i++)
        {
            (int before, int count) = (Syllables.Count(words[i - 1]), Syllables.Count(words[i]));
            if (before % 2 == count % 2)
            {
                string pair = $"{TextParts.Quote(words[i - 1])} and {TextParts.Quote(words[i])}";
                return new Verdict(
                    false,
                    $"has {pair} side by side with {before} and {count} syllables, to be odd and even in turn");
            }
        }

        return new Verdict(true, $"has {words.Count} words with odd and even numbers of syllables in turn");
    }
}

/// <summary>No two neighbouring words begin with the same character, whatever the case.</summary>
internal sealed class NoConsecutiveStarts : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = TextParts.Words(PythonText.Lower(response));
        for (int i = 1; i < words.Count; i++)
        {
            if (PythonText.PointAt(words[i], 0) == PythonText.PointAt(words[i - 1], 0))
            {
                string pair = $"{TextParts.Quote(words[i - 1])} and {TextParts.Quote(words[i])}";
                return new Verdict(false, $"has {pair} side by side, which begin alike");
            }
        }

        return new Verdict(true, "has no two neighbouring words that begin alike");
    }
}
