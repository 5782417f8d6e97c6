using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Language;

/// <summary>
/// Prepares text for n-gram counting: drops addresses, composes Vietnamese letters, joins characters that tell the
/// same.
/// </summary>
internal static partial class CharacterNormalizer
{
    /// <summary>Only this many code points of a text are looked at.</summary>
    private const int MaxTextLength = 10000;

    private static readonly Tables s_data = Tables.Load();

    /// <summary>
    /// The code points that count: addresses blanked, Vietnamese composed, cut to the first 10000, runs of spaces
    /// squeezed, and without the characters from <c>A</c> to <c>z</c> when the text is mostly in another script.
    /// </summary>
    public static List<int> Clean(string text)
    {
        text = MailAddress().Replace(WebAddress().Replace(text, " "), " ");
        int[] points = ComposeVietnamese(PythonText.CodePoints(text));
        List<int> kept = [];
        int latin = 0;
        int other = 0;
        int previous = -1;
        foreach (int point in points.AsSpan(0, Math.Min(points.Length, MaxTextLength)))
        {
            if (point != ' ' || previous != ' ')
            {
                kept.Add(point);
                latin += IsLatin(point) ? 1 : 0;
                other += point >= 0x300 && point is not (>= 0x1E00 and <= 0x1EFF) ? 1 : 0;
            }

            previous = point;
        }

        if (2 * latin < other)
        {
            kept.RemoveAll(IsLatin);
        }

        return kept;
    }

    /// <summary>
    /// The character that stands for a code point in the profiles; a space for what carries no information.
    /// </summary>
    public static int Normalize(int point) =>
        point switch
        {
            < 0x80 => char.IsAsciiLetter((char)point) ? point : ' ',
            < 0x100 => s_data.ExcludedLatin1.Contains(point) ? ' ' : point,
            0x219 => 0x15F,
            0x21B => 0x163,
            >= 0x2000 and <= 0x206F => ' ',
            0x6CC => 0x64A,
            >= 0x1EA0 and <= 0x1EFF => 0x1EC3,
            >= 0x3040 and <= 0x309F => 0x3042,
            >= 0x30A0 and <= 0x30FF => 0x30A2,
            (>= 0x3100 and <= 0x312F) or (>= 0x31A0 and <= 0x31BF) => 0x3105,
            >= 0x4E00 and <= 0x9FFF => s_data.IdeographClasses.GetValueOrDefault(point, point),
            >= 0xAC00 and <= 0xD7AF => 0xAC00,
            _ => point,
        };

    /// <summary>From <c>A</c> to <c>z</c>, with the six signs between the two alphabets.</summary>
    private static bool IsLatin(int point) => point is >= 'A' and <= 'z';

    private static int[] ComposeVietnamese(int[] points)
    {
        int length = 0;
        for (int i = 0; i < points.Length; i++)
        {
            if (i + 1 < points.Length && s_data.Vietnamese.TryGetValue((points[i], points[i + 1]), out int composed))
            {
                points[length++] = composed;
                i++;
            }
            else
            {
                points[length++] = points[i];
            }
        }

        return points[..length];
    }

    [GeneratedRegex("https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}")]
    private static partial Regex WebAddress();

    [GeneratedRegex("[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}")]
    private static partial Regex MailAddress();

    private sealed record Tables(
        HashSet<int> ExcludedLatin1,
        Dictionary<int, int> IdeographClasses,
        Dictionary<(int Letter, int Mark), int> Vietnamese
    )
    {
        public static Tables Load()
        {
            using Stream stream = EmbeddedData.Open("Language/normalization_tables.json");
            using JsonDocument document = JsonDocument.Parse(stream);
            JsonElement root = document.RootElement;
            string[] Texts(string name) =>
                root.GetProperty(name).EnumerateArray().Select(e => e.GetString()!).ToArray();
            Dictionary<int, int> ideographs = [];
            foreach (string members in Texts("cjk_classes"))
            {
                foreach (char member in members)
                {
                    ideographs[member] = members[0];
                }
            }

            Dictionary<(int, int), int> vietnamese = [];
            string letters = root.GetProperty("vi_base_letters").GetString()!;
            string marks = root.GetProperty("vi_marks").GetString()!;
            string[] rows = Texts("vi_normalized_rows");
            for (int mark = 0; mark < marks.Length; mark++)
            {
                for (int letter = 0; letter < letters.Length; letter++)
                {
                    vietnamese[(letters[letter], marks[mark])] = rows[mark][letter];
                }
            }

            return new Tables(
                root.GetProperty("latin1_excluded").GetString()!.Select(c => (int)c).ToHashSet(),
                ideographs,
                vietnamese
            );
        }
    }
}
