using Spar.Evaluation.IFBench.Verifiers;

namespace Spar.Evaluation.Synthesis;

/// <summary>Which word comes next in an example.</summary>
internal sealed partial class ExampleWriter
{
    /// <summary>More words than the alphabet has letters: some rules fix the first letter of each.</summary>
    private const int MostBridges = 30;

    private const int BlindTries = 20;

    private static readonly string[] s_japanese = ["花", "海", "山", "空", "さくら", "ともだち", "カメラ", "時間", "夢"];

    /// <summary>
    /// Adds a word or phrase; where its first word may not follow the last one, fillers that lead to it go between.
    /// </summary>
    private void Append(string text, string gap, bool capitalize = true)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length; i++)
        {
            string before = i == 0 ? gap : " ";
            for (int bridges = 0; i == 0 && bridges < MostBridges && !MayFollow(words[0]); bridges++)
            {
                string[] next = [.. _fillers.Where(IsFitting)];
                if (next.Length == 0)
                {
                    break;
                }

                string bridge = Array.Find(next, f => MayStandBetween(f, Bare(words[0]))) ?? _random.Pick(next);
                Add(bridge, before, true);
                before = " ";
            }

            Add(words[i], before, capitalize);
        }
    }

    /// <summary>Adds a part with the gaps of its own, but for the first where another is given.</summary>
    private void Append(Field[] part, string? gap)
    {
        for (int i = 0; i < part.Length; i++)
        {
            Append(part[i].Text, i == 0 && gap is not null ? gap : part[i].Gap);
        }
    }

    private void Add(string word, string gap, bool mayChange)
    {
        if (_plan.JapaneseEvery > 0 && (_fields.Count + 1) % _plan.JapaneseEvery == 0)
        {
            _fields.Add(new Field(_random.Pick(s_japanese), gap));
            gap = " ";
        }

        string bare = Bare(word);
        _used[bare] = _used.GetValueOrDefault(bare) + 1;
        _fields.Add(new Field(word, gap, mayChange));
    }

    private string Filler()
    {
        string word = _random.Pick(_fillers);
        for (int tries = 0; tries < BlindTries && !IsFitting(word); tries++)
        {
            word = _random.Pick(_fillers);
        }

        if (!IsFitting(word) && _fillers.FindAll(IsFitting) is { Count: > 0 } fitting)
        {
            word = _random.Pick(fitting);
        }

        if (_capitals > 0 && word.Length > 1)
        {
            _capitals--;
            return word.ToUpperInvariant();
        }

        return word;
    }

    private bool IsFitting(string word)
    {
        int uses = _used.GetValueOrDefault(word);
        return uses < _plan.MaxUses && (uses == 0 || _used.Count >= _plan.Distinct) && MayFollow(word);
    }

    private bool MayFollow(string word)
    {
        string before = _fields.Count == 0 ? "" : Bare(_fields[^1].Text);
        string bare = Bare(word);
        return before.Length == 0 || bare.Length == 0
            || _plan.Successions.TrueForAll(allows => allows(before, bare));
    }

    private bool MayStandBetween(string bridge, string word) =>
        word.Length == 0 || _plan.Successions.TrueForAll(allows => allows(bridge, word));

    /// <summary>A word in lower case without marks.</summary>
    private static string Bare(string word) => TextParts.DeletePunctuation(word).ToLowerInvariant();

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
                if (added.Count(one => one == word) < _plan.MaxUses)
                {
                    added.Add(word);
                    there += word.Count(c => c == letter);
                }
            }
        }

        return added;
    }
}
