using Spar.Evaluation.Text;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Builds a response along a plan: sentences of filler words with everything in them that the constraints ask for. The
/// text is made to be checked, not to be read: that it satisfies the constraints is for their verifiers to say.
/// </summary>
internal sealed partial class ExampleWriter
{
    private readonly ResponsePlan _plan;
    private readonly SeededRandom _random;
    private readonly int _attempt;
    private readonly List<string> _fillers;
    private readonly Dictionary<string, int> _used = [];
    private readonly List<Field> _fields = [];
    private readonly Queue<char> _freeMarks;
    private int _capitals;
    private int _baseLength;
    private int _pieceStart;
    private string? _lastWord;

    private ExampleWriter(ResponsePlan plan, SeededRandom random, int attempt)
    {
        _plan = plan;
        _random = random;
        _attempt = attempt;
        _capitals = plan.Capitals;
        string[] words = plan.Language == "en"
            ? [.. Vocabulary.BuiltIn.Fillers, .. Vocabulary.BuiltIn.RareFillers]
            : Vocabulary.BuiltIn.Languages[plan.Language].Words;
        int most = plan.MaxLetters < 400 ? 5 : int.MaxValue;
        _fillers = [.. words.Where(word => word.Length <= most
            && !plan.Banned.Exists(banned => word.Contains(banned, StringComparison.OrdinalIgnoreCase))
            && !word.Any(plan.LettersAvoided.Contains)
            && plan.Admitted.TrueForAll(admits => admits(word)))];
        _freeMarks = new(".!?".Where(mark => !plan.BannedMarks.Contains(mark)));
    }

    /// <summary>Builds one response.</summary>
    /// <param name="plan">What it is to have.</param>
    /// <param name="random">Chooses the fillers.</param>
    /// <param name="attempt">From 0; a later attempt varies the number of sentences and words.</param>
    /// <returns>The text; null where the plan leaves no words to write with.</returns>
    public static string? Write(ResponsePlan plan, SeededRandom random, int attempt)
    {
        if (plan.Whole is not null)
        {
            return plan.Whole(random);
        }

        ExampleWriter writer = new(plan, random, attempt);
        return writer._fillers.Count < 4 || !writer.Compose() ? null : writer.Finish();
    }

    private bool Compose()
    {
        List<Field[]> parts = [.. _plan.Parts.Select(Part)];
        List<string> words = [.. _plan.Words, .. LetterWords()];
        int sentences = SentenceCount();
        int[] fillers = FillerCounts(sentences, words, parts);
        if (_plan.Opening is string opening)
        {
            Append(opening, _fields.Count == 0 ? "" : " ");
        }

        if (_plan.Heading is string heading)
        {
            Append(Part(heading), _fields.Count == 0 ? "" : null);
        }

        List<string>[] own = [.. Enumerable.Range(0, sentences).Select(i => OwnWords(i, sentences, words))];
        _baseLength = 5 + _attempt + own.Max(o => o.Sum(text => text.Split(' ').Length));
        for (int i = 0; i < sentences; i++)
        {
            if (!Sentence(i, sentences, own[i], fillers[i], i == sentences - 1 ? parts : []))
            {
                return false;
            }
        }

        foreach (string text in _plan.Statements)
        {
            Append(text, " ");
        }

        foreach (string text in _plan.Closing)
        {
            Append(Part(text), null);
        }

        if (_plan.EndPhrase is string phrase)
        {
            Append(phrase, " ");
        }

        return true;
    }

    private int SentenceCount()
    {
        if (_plan.Composition is (int perPiece, _))
        {
            return perPiece * _plan.Pieces;
        }

        bool compared = _plan.Chained || _plan.Alliteration || _plan.Growth is not null;
        int[] needed =
        [
            _plan.MinSentences, _plan.Pieces, (compared ? 2 : 1) + (_attempt % 3),
            .. _plan.Pinned.Select(p => p.Sentence + 2), .. _plan.InSentences.Select(s => s.Sentence + 1),
        ];
        int sentences = Math.Min(needed.Max(), Math.Max(_plan.MaxSentences, 1));
        int cycle = Math.Max(_plan.Ends.Length, 1);
        return (sentences + cycle - 1) / cycle * cycle;
    }

    /// <summary>What a sentence has to have besides fillers.</summary>
    private List<string> OwnWords(int index, int sentences, List<string> words)
    {
        List<string> own = [.. words.Where((_, at) => at % sentences == index)];
        own.AddRange(_plan.InSentences.Where(s => s.Sentence == index).Select(s => s.Text));
        if (_plan.Alliteration && index > 0)
        {
            IGrouping<char, string>[] letters = [.. _fillers.GroupBy(f => f[0]).Where(g => g.Count() > index)];
            own.AddRange(letters.Length == 0
                ? []
                : [string.Join(' ', _random.Choose([.. _random.Pick(letters)], index + 1))]);
        }

        return own;
    }

    /// <summary>
    /// How many fillers each sentence gets so that the limits of words and letters are met, as far as can be told
    /// beforehand.
    /// </summary>
    private int[] FillerCounts(int sentences, List<string> words, List<Field[]> parts)
    {
        int total = sentences * (4 + _attempt);
        total = Math.Max(total, _plan.MinWords > 0 ? _plan.MinWords + 2 + (3 * _attempt) : 0);
        total = Math.Max(total, (_plan.MinLetters / 3) + 1);
        total = Math.Min(total, _plan.MaxWords);
        total = _plan.MaxLetters < int.MaxValue ? Math.Min(total, _plan.MaxLetters / 5) : total;
        string[] others = [.. words, _plan.Opening ?? "", _plan.EndPhrase ?? "", .. _plan.Statements];
        int edges = (_plan.EverySentenceFirst is null ? 0 : sentences)
            + (_plan.EverySentenceLast is null ? 0 : sentences) + (_plan.First is null ? 0 : 1)
            + (_plan.Last is null ? 0 : 1);
        int inParts = parts.Sum(part => part.Sum(field => PythonText.CountWordRuns(field.Text)))
            + _plan.Closing.Append(_plan.Heading ?? "")
                .Sum(part => PythonText.CountWordRuns(part.Replace('~', 'x')));
        int fixedWords = others.Sum(PythonText.CountWordRuns) + inParts + edges
            + _plan.ParagraphFirst.Count + _plan.Pinned.Count + _plan.InSentences.Count;
        int free = Math.Max(total - fixedWords, 0);
        return [.. Enumerable.Range(0, sentences).Select(i => (free / sentences) + (i < free % sentences ? 1 : 0))];
    }
}
