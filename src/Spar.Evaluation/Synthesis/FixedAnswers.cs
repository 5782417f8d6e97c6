using System.Globalization;
using System.Text;
using Spar.Evaluation.IFBench.Verifiers;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>Examples for instructions of IFBench that leave little or no choice of words.</summary>
internal static class FixedAnswers
{
    private static readonly string[] s_words = Vocabulary.BuiltIn.Fillers;

    private static readonly string[] s_african =
    [
        "Algeria", "Angola", "Benin", "Botswana", "Burkina Faso", "Burundi", "Cameroon", "Cape Verde",
        "Central African Republic", "Chad", "Comoros", "Congo", "Cote d'Ivoire", "Democratic Republic of the Congo",
        "Djibouti", "Egypt", "Equatorial Guinea", "Eritrea", "Eswatini", "Ethiopia", "Gabon", "Gambia", "Ghana",
        "Guinea", "Guinea-Bissau", "Kenya", "Lesotho", "Liberia", "Libya", "Madagascar", "Malawi", "Mali",
        "Mauritania", "Mauritius", "Morocco", "Mozambique", "Namibia", "Niger", "Nigeria", "Rwanda",
        "Sao Tome and Principe", "Senegal", "Seychelles", "Sierra Leone", "Somalia", "South Africa", "South Sudan",
        "Sudan", "Tanzania", "Togo", "Tunisia", "Uganda", "Zambia", "Zimbabwe",
    ];

    private static readonly string[] s_battles =
    [
        "1796-04-12", "1796-05-10", "1796-11-15", "1797-01-14", "1798-07-21", "1800-06-14", "1805-12-02", "1806-10-14",
        "1807-02-07", "1807-06-14", "1809-07-05", "1812-09-07", "1813-10-16", "1815-06-18",
    ];

    /// <summary>The writers of the family <c>custom</c>, by id.</summary>
    public static OrderedDictionary<string, Func<SeededRandom, string>> All { get; } = new()
    {
        ["custom:multiples"] = _ => "14, 21, 28, 35, 42, 49",
        ["custom:mcq_count_length"] = Quiz,
        ["custom:reverse_newline"] =
            _ => string.Join('\n', s_african.OrderDescending(StringComparer.Ordinal)),
        ["custom:word_reverse"] = _ => "States United the of bird national the is eagle bald The",
        ["custom:character_reverse"] = _ => "setatS detinU eht fo drib lanoitan eht si elgae dlab ehT",
        ["custom:sentence_alphabet"] = AlphabetStory,
        ["custom:european_capitals_sort"] = _ => string.Join(", ", WordLists.Capitals),
        ["custom:csv_city"] = random => Table(
            "ID,Country,City,Year,Count", 7, i => $"{i},{Word(random)},{Word(random)},{1990 + i},{random.Next(90)}"),
        ["custom:csv_special_character"] = random => Table(
            "ProductID,Category,Brand,Price,Stock", 14,
            i => $"{i},{Word(random)},{(i == 3 ? $"\"{Word(random)} & {Word(random)}\"" : Word(random))},{i}.50,{i}"),
        ["custom:csv_quotes"] = random => Table(
            Quoted("StudentID", "Subject", "Grade", "Semester", "Score"), 3,
            i => Quoted($"{i}", Word(random), "B", "spring", $"{60 + random.Next(40)}")),
        ["custom:date_format_list"] = _ => string.Join(", ", s_battles),
    };

    /// <summary>Takes the first of the options.</summary>
    public static void Option(ResponsePlan plan, ConstraintArguments arguments)
    {
        string options = arguments.Text("options");
        string separator = options.Contains('/') ? "/" : options.Contains("or", StringComparison.Ordinal) ? "or" : ",";
        plan.Whole = random => random.Pick(options.Split(separator)).Trim();
    }

    /// <summary>The text with another word at its start.</summary>
    public static string OtherFirstWord(string text, SeededRandom random)
    {
        int end = text.IndexOf(' ', StringComparison.Ordinal);
        return random.Pick(Vocabulary.BuiltIn.FirstWords) + (end < 0 ? "" : text[end..]);
    }

    /// <summary>
    /// The reference followed by words of other letters until the share of its trigrams is near the percentage.
    /// </summary>
    public static string Overlapping(string reference, int percentage, SeededRandom random)
    {
        HashSet<string> known = Trigrams(reference);
        StringBuilder text = new(reference);
        for (int i = 0; i < 4000 && Share(text.ToString(), known) > percentage; i++)
        {
            text.Append(i % 7 == 6 ? ' ' : (char)('a' + random.Next(26)));
        }

        return text.ToString();
    }

    /// <summary>Three sentences whose words are of the same lengths, one by one, and all differ.</summary>
    public static string EqualSentences(SeededRandom random)
    {
        string[][] byLength =
            [.. s_words.GroupBy(word => word.Length).Where(g => g.Count() >= 24).Select(g => g.ToArray())];
        List<string>[] sentences = [[], [], []];
        HashSet<string> used = [];
        int words = random.Between(5, 8);
        for (int i = 0; i < words; i++)
        {
            List<string> free = [.. random.Pick(byLength).Where(word => !used.Contains(word))];
            List<string> drawn = random.Choose(free, 3);
            used.UnionWith(drawn);
            for (int s = 0; s < 3; s++)
            {
                sentences[s].Add(drawn[s]);
            }
        }

        return string.Join(' ', sentences.Select(one => $"{Capital(string.Join(' ', one))}."));
    }

    private static string Quiz(SeededRandom random)
    {
        StringBuilder text = new();
        for (int question = 1; question <= 4; question++)
        {
            text.Append(CultureInfo.InvariantCulture, $"Question {question}\n");
            text.AppendJoin(' ', Enumerable.Range(0, 6 * question).Select(_ => Word(random))).Append("?\n");
            foreach (char label in "ABCDE")
            {
                text.Append(label).Append(") ").Append(Word(random)).Append('\n');
            }
        }

        return text.ToString().Trim();
    }

    private static string AlphabetStory(SeededRandom random)
    {
        ILookup<char, string> words = s_words.Concat(Vocabulary.BuiltIn.RareFillers).ToLookup(word => word[0]);
        return string.Join(' ', Enumerable.Range('a', 26).Select(letter =>
            $"{Capital(random.Pick([.. words[(char)letter]]))} {Word(random)} {Word(random)}."));
    }

    private static string Table(string heading, int rows, Func<int, string> row) =>
        string.Join('\n', Enumerable.Range(1, rows).Select(row).Prepend(heading));

    private static string Quoted(params string[] fields) => string.Join('\t', fields.Select(field => $"\"{field}\""));

    private static string Word(SeededRandom random) => random.Pick(s_words);

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static double Share(string text, HashSet<string> known)
    {
        HashSet<string> own = Trigrams(text);
        return own.Count == 0 ? 100 : 100.0 * own.Count(known.Contains) / own.Count;
    }

    private static HashSet<string> Trigrams(string text) =>
        [.. Enumerable.Range(0, Math.Max(text.Length - 2, 0)).Select(i => text.Substring(i, 3))];
}
