using System.Collections.Concurrent;
using System.Globalization;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>A prompt that models are measured by.</summary>
/// <param name="Name">The benchmark and the key of the prompt in it, or file and row.</param>
/// <param name="Text">Its text.</param>
public sealed record MeasuredPrompt(string Name, string Text);

/// <summary>What a prompt has in common with one that models are measured by.</summary>
/// <param name="Prompt">The name of the latter.</param>
/// <param name="Measure">What they share, in words.</param>
public sealed record NearMatch(string Prompt, string Measure);

/// <summary>
/// Prompts that models are measured by, which no prompt that they learn from may be near to.
/// <para>
/// The measure is the share of the measured prompt that the other one holds: both are laid beside each other word by
/// word (<see cref="PlainWords"/>) so that the words which are the same, in the same order, weigh most; words that are
/// in the way cost a little. A word weighs the more, the fewer of the measured prompts have it, and have it between
/// these neighbours: what a benchmark's prompts have in common (no commas, all lowercase letters) weighs next to
/// nothing. So a copy is found with a third of its words changed, or within a longer text, and prompts that merely ask
/// for the same form are not taken for copies.
/// </para>
/// </summary>
public sealed class MeasuredPrompts
{
    /// <summary>The share from which on a prompt is near to a measured one of at least 20 words.</summary>
    public const double LeastShare = 0.45;

    // Shorter prompts have to be held more completely: half of ten words is no copy. Below the least, all counts.
    private const int LongWords = 20;
    private const int LeastWords = 6;
    private const double ShareOfShort = 0.9;

    // Two or three telling words in common are chance, whatever share of a short prompt they are.
    private const double LeastWeight = 2.5;

    // What a word that is in the way costs, as part of the heaviest weight.
    private const double Skipped = 0.05;
    private const double Exchanged = 0.08;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _same = new(StringComparer.Ordinal);
    private readonly List<Entry> _entries = [];
    private readonly List<List<(int Entry, double Weight)>> _holders = [];
    private readonly ConcurrentBag<Scratch> _scratch = [];

    /// <summary>Takes prompts in.</summary>
    /// <param name="prompts">The prompts; of two with the same text the first counts.</param>
    public MeasuredPrompts(IEnumerable<MeasuredPrompt> prompts)
    {
        foreach (MeasuredPrompt prompt in prompts)
        {
            if (_same.TryAdd(PlainWords.Joined(prompt.Text), _entries.Count))
            {
                int[] words = [.. PlainWords.Of(prompt.Text).Select(IdOf)];
                _entries.Add(new Entry(prompt.Name, words, new double[words.Length]));
            }
        }

        Weigh();
    }

    /// <summary>The number of different prompts.</summary>
    public int Count => _entries.Count;

    /// <summary>The prompts of a file, in any layout.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">It cannot be read; thrown while the prompts are enumerated.</exception>
    public static IEnumerable<MeasuredPrompt> Read(string file) =>
        PromptRows
            .Read(file)
            .Select(row => new MeasuredPrompt(row.Id is null ? row.Place : $"{file}, id {row.Id}", row.Text));

    /// <summary>What a row is near to, by any of its user turns; null where it is near to none.</summary>
    /// <param name="row">The row.</param>
    public NearMatch? FindNear(PromptRow row) =>
        _entries.Count == 0
            ? null
            : FindNear(row.Text)
                ?? row
                    .Context.Where(turn => turn.Role == ChatRoles.User)
                    .Select(turn => FindNear(turn.Text))
                    .FirstOrDefault(found => found is not null);

    /// <summary>What a text is near to; null where it is near to none. May be asked from many threads at once.</summary>
    /// <param name="text">A prompt.</param>
    public NearMatch? FindNear(string text)
    {
        IReadOnlyList<string> spelled = PlainWords.Of(text);
        if (_same.TryGetValue(spelled.Count == 0 ? text.Trim() : string.Join(' ', spelled), out int same))
        {
            return new NearMatch(_entries[same].Name, "the same text");
        }

        Scratch scratch = _scratch.TryTake(out Scratch? free) ? free : new Scratch(_entries.Count, _ids.Count);
        ReadOnlySpan<int> words = scratch.Take(spelled, _ids);
        (int Entry, double Share) best = (-1, 0);
        foreach ((int entry, double bound) in Candidates(words, scratch))
        {
            if (bound <= best.Share)
            {
                break;
            }

            double weight = Aligned(_entries[entry], words, scratch);
            double share = weight / _entries[entry].Total;
            if (weight >= LeastWeight && share >= _entries[entry].Needed && share > best.Share)
            {
                best = (entry, share);
            }
        }

        _scratch.Add(scratch);
        return best.Entry < 0
            ? null
            : new NearMatch(
                _entries[best.Entry].Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Math.Floor(100 * best.Share)} % of it, by the weight of its words in their order"
                )
            );
    }

    private int IdOf(string word)
    {
        if (!_ids.TryGetValue(word, out int id))
        {
            id = _ids.Count;
            _ids.Add(word, id);
        }

        return id;
    }

    // A word's weight is what it tells of its prompt, from 0 (all have it) to 1, times what its neighbours tell.
    private void Weigh()
    {
        Dictionary<int, int> words = Holders(entry => entry.Words);
        Dictionary<(int, int), int> pairs = Holders(entry => entry.Words.Zip(entry.Words.Skip(1)));
        double most = Math.Log(_entries.Count + 1);
        _holders.AddRange(Enumerable.Range(0, _ids.Count).Select(_ => new List<(int, double)>()));
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            for (int at = 0; at < entry.Words.Length; at++)
            {
                double word = Told(words[entry.Words[at]]);
                double left = at == 0 ? 1 : Told(pairs[(entry.Words[at - 1], entry.Words[at])]);
                double right =
                    at + 1 == entry.Words.Length ? 1 : Told(pairs[(entry.Words[at], entry.Words[at + 1])]);
                entry.Weights[at] = word * Math.Min(left, right);
            }

            entry.Total = entry.Weights.Sum();
            foreach (IGrouping<int, double> one in entry.Words.Zip(entry.Weights).GroupBy(p => p.First, p => p.Second))
            {
                _holders[one.Key].Add((i, one.Sum()));
            }
        }

        double Told(int holders) => Math.Log((_entries.Count + 1) / (double)holders) / most;

        Dictionary<T, int> Holders<T>(Func<Entry, IEnumerable<T>> parts)
            where T : notnull =>
            _entries
                .SelectMany(entry => parts(entry).Distinct())
                .CountBy(part => part)
                .ToDictionary(part => part.Key, part => part.Value);
    }

    // Entries that share enough words in any order, those with most first. Sums are in the order of the text's words.
    private List<(int Entry, double Bound)> Candidates(ReadOnlySpan<int> words, Scratch scratch)
    {
        scratch.Begin();
        foreach (int word in words)
        {
            if (word >= 0 && scratch.IsNew(word))
            {
                foreach ((int entry, double weight) in _holders[word])
                {
                    scratch.Add(entry, weight);
                }
            }
        }

        List<(int Entry, double Bound)> found = [];
        foreach (int entry in scratch.Touched)
        {
            double shared = scratch.SharedWith(entry);
            if (shared >= _entries[entry].Needed * _entries[entry].Total)
            {
                found.Add((entry, shared / _entries[entry].Total));
            }
        }

        found.Sort((a, b) => a.Bound != b.Bound ? b.Bound.CompareTo(a.Bound) : a.Entry.CompareTo(b.Entry));
        return found;
    }

    // Weight of the best local alignment.
    private static double Aligned(Entry entry, ReadOnlySpan<int> words, Scratch scratch)
    {
        (double[] above, double[] row) = scratch.Rows(words.Length + 1);
        double best = 0;
        for (int i = 0; i < entry.Words.Length; i++)
        {
            int word = entry.Words[i];
            double weight = entry.Weights[i];
            for (int j = 0; j < words.Length; j++)
            {
                double met = above[j] + (words[j] == word ? weight : -Exchanged);
                double skipped = Math.Max(above[j + 1], row[j]) - Skipped;
                double value = Math.Max(0, Math.Max(met, skipped));
                row[j + 1] = value;
                best = Math.Max(best, value);
            }

            (above, row) = (row, above);
        }

        return best;
    }

    // What one thread needs for one text after another, so that nothing is made anew for each.
    private sealed class Scratch(int entries, int vocabulary)
    {
        private readonly double[] _shared = new double[entries];
        private readonly int[] _entryRound = new int[entries];
        private readonly int[] _wordRound = new int[vocabulary];
        private readonly List<int> _touched = [];
        private int[] _words = [];
        private double[] _above = [];
        private double[] _row = [];
        private int _round;

        /// <summary>Entries that something was added to, in the order of their first words.</summary>
        public List<int> Touched => _touched;

        public ReadOnlySpan<int> Take(IReadOnlyList<string> spelled, Dictionary<string, int> ids)
        {
            if (_words.Length < spelled.Count)
            {
                _words = new int[Math.Max(spelled.Count, 2 * _words.Length)];
            }

            for (int i = 0; i < spelled.Count; i++)
            {
                _words[i] = ids.GetValueOrDefault(spelled[i], -1);
            }

            return _words.AsSpan(0, spelled.Count);
        }

        public void Begin()
        {
            _round++;
            _touched.Clear();
        }

        public bool IsNew(int word)
        {
            bool first = _wordRound[word] != _round;
            _wordRound[word] = _round;
            return first;
        }

        public void Add(int entry, double weight)
        {
            if (_entryRound[entry] != _round)
            {
                _entryRound[entry] = _round;
                _shared[entry] = 0;
                _touched.Add(entry);
            }

            _shared[entry] += weight;
        }

        public double SharedWith(int entry) => _shared[entry];

        /// <summary>Two rows of zeros.</summary>
        public (double[] Above, double[] Row) Rows(int length)
        {
            if (_above.Length < length)
            {
                _above = new double[2 * length];
                _row = new double[2 * length];
            }

            _above.AsSpan(0, length).Clear();
            _row.AsSpan(0, length).Clear();
            return (_above, _row);
        }
    }

    private sealed record Entry(string Name, int[] Words, double[] Weights)
    {
        public double Total { get; set; }

        /// <summary>The least share; above 1 where only the same text counts.</summary>
        public double Needed { get; } =
            Words.Length < LeastWords ? 2
            : Words.Length >= LongWords ? LeastShare
            : ShareOfShort
                - ((ShareOfShort - LeastShare) * (Words.Length - LeastWords) / (LongWords - LeastWords));
    }
}
