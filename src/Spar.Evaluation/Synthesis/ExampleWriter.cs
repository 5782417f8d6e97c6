using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spar.Evaluation.Text;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Builds a response along a plan: sentences of filler words with everything in them that the constraints ask for. The
/// text is made to be checked,
/// not to be read: that it satisfies the constraints is for their verifiers to say.
/// </summary>
internal sealed class ExampleWriter
{
    private static readonly JsonSerializerOptions s_json =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ResponsePlan _plan;
    private readonly SeededRandom _random;
    private readonly int _attempt;
    private readonly List<string> _fillers;
    private readonly HashSet<string> _used = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Field> _fields = [];
    private readonly Queue<char> _freeMarks;
    private int _capitals;

    private ExampleWriter(ResponsePlan plan, SeededRandom random, int attempt)
    {
        _plan = plan;
        _random = random;
        _attempt = attempt;
        _capitals = plan.Capitals;
        string[] words = plan.Language == "en"
            ? Vocabulary.BuiltIn.Fillers
            : Vocabulary.BuiltIn.Languages[plan.Language].Words;
        int most = plan.MaxLetters < 400 ? 5 : int.MaxValue;
        _fillers = [.. words.Where(word => word.Length <= most
            && !plan.Banned.Exists(banned => word.Contains(banned, StringComparison.OrdinalIgnoreCase))
            && !word.Any(plan.LettersAvoided.Contains))];
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
            return plan.Whole;
        }

        ExampleWriter writer = new(plan, random, attempt);
        return writer._fillers.Count < 4 || !writer.Compose() ? null : writer.Finish();
    }

    private bool Compose()
    {
        List<Field[]> structure = Structure();
        List<string> words = [.. _plan.Words, .. LetterWords()];
        int[] needed =
            [_plan.MinSentences, _plan.Pieces, 1 + (_attempt % 3), .. _plan.Pinned.Select(p => p.Sentence + 2)];
        int sentences = Math.Min(needed.Max(), Math.Max(_plan.MaxSentences, 1));
        if (_plan.Composition is (int perPiece, _))
        {
            sentences = perPiece * _plan.Pieces;
        }

        int[] fillers = FillerCounts(sentences, words, structure);
        if (_plan.Opening is string opening)
        {
            Append(opening, _fields.Count == 0 ? "" : " ");
        }

        for (int i = 0; i < sentences; i++)
        {
            int piece = i * _plan.Pieces / sentences;
            bool opensPiece = i == 0 || (i - 1) * _plan.Pieces / sentences != piece;
            List<string> own = [.. words.Where((_, at) => at % sentences == i)];
            if (!Sentence(i, sentences, opensPiece, piece, own, fillers[i], i == sentences - 1 ? structure : []))
            {
                return false;
            }
        }

        if (_plan.Statement is string statement)
        {
            Append(statement, " ");
        }

        if (_plan.EndPhrase is string phrase)
        {
            Append(phrase, " ");
        }

        return true;
    }

    /// <summary>
    /// How many fillers each sentence gets so that the limits of words and letters are met, as far as can be told
    /// beforehand.
    /// </summary>
    private int[] FillerCounts(int sentences, List<string> words, List<Field[]> structure)
    {
        int total = sentences * (4 + _attempt);
        total = Math.Max(total, _plan.MinWords > 0 ? _plan.MinWords + 2 + (3 * _attempt) : 0);
        total = Math.Max(total, (_plan.MinLetters / 3) + 1);
        total = Math.Min(total, _plan.MaxWords);
        total = _plan.MaxLetters < int.MaxValue ? Math.Min(total, _plan.MaxLetters / 5) : total;
        string[] others = [.. words, _plan.Opening ?? "", _plan.EndPhrase ?? "", _plan.Statement ?? ""];
        int edges = (_plan.EverySentenceFirst is null ? 0 : sentences)
            + (_plan.EverySentenceLast is null ? 0 : sentences) + (_plan.First is null ? 0 : 1)
            + (_plan.Last is null ? 0 : 1);
        int inStructure = structure.Sum(s => s.Sum(f => PythonText.CountWordRuns(f.Text)));
        int fixedWords = others.Sum(PythonText.CountWordRuns) + inStructure + edges
            + _plan.ParagraphFirst.Count + _plan.Pinned.Count;
        int free = Math.Max(total - fixedWords, 0);
        return [.. Enumerable.Range(0, sentences).Select(i => (free / sentences) + (i < free % sentences ? 1 : 0))];
    }

    /// <summary>
    /// Writes one sentence: what it must begin with, its own words among fillers, the structure, what it must end with,
    /// a mark.
    /// </summary>
    /// <returns>False where a word that must stand at one place finds it taken.</returns>
    private bool Sentence(
        int index, int count, bool opensPiece, int piece, List<string> own, int fillers, List<Field[]> structure)
    {
        string gap = _fields.Count == 0 ? "" : opensPiece ? _plan.Divider : _plan.Form == WordForm.Hyphens ? "-" : " ";
        string? first = (index == 0 ? _plan.First : null)
            ?? (opensPiece && _plan.ParagraphFirst.TryGetValue(piece, out string? word) ? word : null)
            ?? _plan.EverySentenceFirst;
        bool final = index == count - 1;
        string? last = (final ? _plan.Last : null) ?? _plan.EverySentenceLast;
        int start = _fields.Count;
        if (_plan.Composition is (_, int tokens))
        {
            int marks = _freeMarks.Count > 0 ? 1 : 0;
            int taken = marks + own.Sum(o => o.Split(' ').Length) + (first is null ? 0 : 1) + (last is null ? 0 : 1);
            fillers = Math.Max(tokens - taken, 0);
        }

        if (first is not null)
        {
            Append(first, gap);
        }

        List<(int Word, string Text)> pinned =
            [.. _plan.Pinned.Where(p => p.Sentence == index).Select(p => (p.Word, p.Text))];
        Queue<string> rest = new(_random.Shuffled(own.Concat(Enumerable.Repeat("", fillers))));
        if (first is null && own.Count > 0 && fillers == 0 && _plan.NoSuccessors)
        {
            rest.Enqueue("");
        }

        while (rest.Count > 0 || pinned.Count > 0)
        {
            int at = _fields.Count - start;
            if (pinned.Exists(p => p.Word < at))
            {
                return false;
            }

            string? here = pinned.Find(p => p.Word == at).Text;
            if (here is not null)
            {
                pinned.RemoveAll(p => p.Word == at);
                Append(here, at == 0 ? gap : " ", capitalize: false);
                continue;
            }

            string next = rest.Count > 0 ? rest.Dequeue() : "";
            bool fits = next.Length == 0 || !pinned.Exists(p => p.Word > at && p.Word < at + next.Split(' ').Length);
            Append(next.Length > 0 && fits ? next : Filler(), _fields.Count == start ? gap : " ");
            if (!fits)
            {
                rest.Enqueue(next);
            }
        }

        foreach (Field[] part in structure)
        {
            foreach (Field field in part)
            {
                Append(field.Text, _fields.Count == start ? gap : field.Gap);
            }
        }

        last = final && _plan.SameEnds && _fields.Count > 0 ? _fields[0].Text : last;
        if (last is not null || _fields.Count == start)
        {
            string after = structure.Count > 0 ? structure[^1][^1].After : " ";
            Append(last ?? Filler(), _fields.Count == start ? gap : after);
        }
        else if (structure.Count > 0 && structure[^1][^1].After == "\n" && _plan.MaxWords == int.MaxValue)
        {
            Append(Filler(), "\n");
        }

        Capitalize(start);
        if (!(final && _plan.SameEnds && _plan.EndPhrase is null))
        {
            _fields[^1] = _fields[^1] with { Text = _fields[^1].Text + Mark() };
        }

        return true;
    }

    private string Mark()
    {
        if (_freeMarks.Count == 0)
        {
            return "";
        }

        return (_plan.NoRepeats ? _freeMarks.Dequeue() : _freeMarks.Peek()).ToString();
    }

    private void Capitalize(int start)
    {
        Field field = _fields[start];
        if (_plan.Case == TextCase.Sentence && field.MayChange)
        {
            _fields[start] = field with { Text = WithCapital(field.Text) };
        }
    }

    private static string WithCapital(string word)
    {
        int at = word.AsSpan().IndexOfAnyInRange('a', 'z');
        return at < 0 ? word : word[..at] + char.ToUpperInvariant(word[at]) + word[(at + 1)..];
    }

    /// <summary>
    /// Adds a word or phrase; where letters may not follow each other, a filler goes between if need be.
    /// </summary>
    private void Append(string text, string gap, bool capitalize = true)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length; i++)
        {
            string before = i == 0 ? gap : " ";
            if (i == 0 && _plan.NoSuccessors && _fields.Count > 0 && Follows(_fields[^1].Text, words[0]))
            {
                string? bridge = _fillers.Find(
                    f => !Follows(_fields[^1].Text, f) && !Follows(f, words[0]) && IsFree(f));
                if (bridge is not null)
                {
                    _used.Add(bridge);
                    _fields.Add(new Field(bridge, before, true));
                    before = " ";
                }
            }

            _used.Add(words[i]);
            _fields.Add(new Field(words[i], before, capitalize));
        }
    }

    private string Filler()
    {
        string before = _fields.Count == 0 ? "" : _fields[^1].Text;
        string word = _random.Pick(_fillers);
        for (int tries = 0; tries < 200 && (!IsFree(word) || (_plan.NoSuccessors && Follows(before, word))); tries++)
        {
            word = _random.Pick(_fillers);
        }

        if (_capitals > 0 && word.Length > 1)
        {
            _capitals--;
            return word.ToUpperInvariant();
        }

        return word;
    }

    private bool IsFree(string word) => !_plan.NoRepeats || !_used.Contains(word);

    private static bool Follows(string before, string word) =>
        before.Length > 0 && word.Length > 0 && char.ToLowerInvariant(word[0]) - char.ToLowerInvariant(before[0]) == 1;

    /// <summary>Words that bring letters up to the number needed.</summary>
    private List<string> LetterWords()
    {
        List<string> added = [];
        foreach ((char letter, int needed) in _plan.LettersNeeded)
        {
            int there = string.Concat(_plan.Words.Concat(added)).Count(c => char.ToLowerInvariant(c) == letter);
            List<string> rich = [.. _fillers.Where(f => f.Contains(letter, StringComparison.Ordinal) && f.Length < 8)];
            for (int tries = 0; there < needed && rich.Count > 0 && tries < 500; tries++)
            {
                string word = _random.Pick(rich);
                if (!_plan.NoRepeats || !added.Contains(word))
                {
                    added.Add(word);
                    there += word.Count(c => c == letter);
                }
            }
        }

        return added;
    }

    /// <summary>
    /// Highlights, placeholders, title, sections, bullets and postscript as fields with the gaps before and after each.
    /// </summary>
    private List<Field[]> Structure()
    {
        List<Field[]> parts = [];
        for (int i = 0; i < _plan.Highlights; i++)
        {
            parts.Add([new($"*{Filler()}", " "), new($"{Filler()}*", " "), new(Filler(), " ")]);
        }

        for (int i = 0; i < _plan.Placeholders; i++)
        {
            parts.Add([new($"[{Filler()}]", " ")]);
        }

        if (_plan.Title)
        {
            parts.Add([new($"<<{Filler()}", "\n"), new($"{Filler()}>>", " ") { After = "\n" }]);
        }

        for (int i = 1; i <= _plan.Sections; i++)
        {
            parts.Add([new(_plan.SectionMark, "\n"), new($"{i}", " "), new(Filler(), "\n")]);
        }

        for (int i = 0; i < _plan.Bullets; i++)
        {
            parts.Add([new("*", "\n"), new(Filler(), " "), new(Filler(), " ") { After = "\n" }]);
        }

        if (_plan.Postscript is string marker)
        {
            parts.Add([new(marker, "\n"), new(Filler(), " "), new(Filler(), " ")]);
        }

        return parts;
    }

    private string Finish()
    {
        StringBuilder text = new();
        for (int i = 0; i < _fields.Count; i++)
        {
            string word = _fields[i].Text;
            word = _plan.Case == TextCase.Title && _fields[i].MayChange ? WithCapital(word) : word;
            word = _plan.Form switch
            {
                WordForm.Brackets => $"[{word}]",
                WordForm.Pairs => i % 2 == 0 ? "<<" + word : word + ">>",
                _ => word,
            };
            text.Append(i == 0 ? "" : _fields[i].Gap).Append(word);
        }

        string written = _plan.Case switch
        {
            TextCase.Upper => text.ToString().ToUpperInvariant(),
            TextCase.Lower => text.ToString().ToLowerInvariant(),
            _ => text.ToString(),
        };
        written = _plan.Quoted ? $"\"{written}\"" : written;
        string name = _plan.Case switch { TextCase.Upper => "TEXT", TextCase.Title => "Text", _ => "text" };
        return _plan.Json
            ? JsonSerializer.Serialize(new Dictionary<string, string> { [name] = written }, s_json)
            : written;
    }

    /// <summary>One word as it stands between white space.</summary>
    /// <param name="Text">The word with its marks.</param>
    /// <param name="Gap">What stands before it.</param>
    /// <param name="MayChange">Whether its first letter may become a capital.</param>
    private sealed record Field(string Text, string Gap, bool MayChange = false)
    {
        /// <summary>What a word that follows needs before it.</summary>
        public string After { get; init; } = " ";
    }
}
