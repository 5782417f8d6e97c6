namespace Spar.Evaluation.Synthesis;

/// <summary>One sentence of an example.</summary>
internal sealed partial class ExampleWriter
{
    private static readonly string[] s_emoji = ["😀", "🌞", "🎉", "🚀", "🌿", "🍀", "🐟", "🎈"];

    /// <summary>
    /// Writes one sentence: what it must begin with, its own words among fillers, the parts, what it must end with, a
    /// mark.
    /// </summary>
    /// <returns>False where a word that must stand at one place finds it taken.</returns>
    private bool Sentence(int index, int count, List<string> own, int fillers, List<Field[]> parts)
    {
        int piece = index * _plan.Pieces / count;
        bool opensPiece = index == 0 || (index - 1) * _plan.Pieces / count != piece;
        bool final = index == count - 1;
        bool closesPiece = final || (index + 1) * _plan.Pieces / count != piece;
        string gap = _fields.Count == 0 ? "" : Gap(index, opensPiece);
        string? first = (index == 0 ? _plan.First : null)
            ?? (opensPiece && _plan.ParagraphFirst.TryGetValue(piece, out string? word) ? word : null)
            ?? (_plan.Chained && index > 0 ? _lastWord : null)
            ?? _plan.EverySentenceFirst;
        string? last = (final ? _plan.Last : null) ?? _plan.EverySentenceLast;
        int start = _fields.Count;
        _pieceStart = opensPiece ? start : _pieceStart;
        if (Length(index) is int length)
        {
            int taken = own.Sum(o => o.Split(' ').Length) + (first is null ? 0 : 1) + (last is null ? 0 : 1);
            fillers = Math.Max(length - taken, 0);
        }

        if (first is not null)
        {
            Append(first, gap);
        }

        if (!Middle(index, start, gap, first is null, own, fillers))
        {
            return false;
        }

        foreach (Field[] part in parts)
        {
            Append(part, _fields.Count == start ? gap : null);
        }

        if (final && _plan.BeforeLast is string before)
        {
            Append(before, _fields.Count == start ? gap : " ");
            last ??= Filler();
        }

        last = closesPiece && _plan.Framed && _fields.Count > _pieceStart ? Bare(_fields[_pieceStart].Text) : last;
        last = final && _plan.SameEnds && _fields.Count > 0 ? _fields[0].Text : last;
        if (last is not null || _fields.Count == start)
        {
            string after = parts.Count > 0 ? parts[^1][^1].After : " ";
            Append(last ?? Filler(), _fields.Count == start ? gap : after);
        }
        else if (parts.Count > 0 && parts[^1][^1].After == "\n" && _plan.MaxWords == int.MaxValue)
        {
            Append(Filler(), "\n");
        }

        Capitalize(start);
        End(index, final);
        return true;
    }

    /// <summary>A sentence's own words among fillers, and words that stand at fixed places.</summary>
    private bool Middle(int index, int start, string gap, bool opens, List<string> own, int fillers)
    {
        List<(int Word, string Text)> pinned =
            [.. _plan.Pinned.Where(p => p.Sentence == index).Select(p => (p.Word, p.Text))];
        Queue<string> rest = new(_random.Shuffled(own.Concat(Enumerable.Repeat("", fillers))));
        if (opens && own.Count > 0 && fillers == 0 && _plan.Successions.Count > 0)
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

        return true;
    }

    /// <summary>What stands before a sentence.</summary>
    private string Gap(int index, bool opensPiece) => _plan.Form switch
    {
        WordForm.Stairs => "\n" + new string(' ', 2 * index),
        _ when opensPiece => _plan.Divider,
        WordForm.Hyphens => "-",
        _ => " ",
    };

    /// <summary>How many words a sentence must have without its parts; null for any.</summary>
    private int? Length(int index) => _plan.Composition is (_, int tokens)
        ? tokens - (_freeMarks.Count > 0 ? 1 : 0)
        : _baseLength + (index * _plan.Growth);

    private void End(int index, bool final)
    {
        _lastWord = Bare(_fields[^1].Text);
        if (_plan.Emoji)
        {
            _fields.Add(new Field(_random.Pick(s_emoji), " "));
        }

        if (!(final && _plan.SameEnds && _plan.EndPhrase is null))
        {
            _fields[^1] = _fields[^1] with { Text = _fields[^1].Text + Mark(index) };
        }
    }

    private string Mark(int index)
    {
        if (_plan.Ends.Length > 0)
        {
            return _plan.Ends[index % _plan.Ends.Length].ToString();
        }

        if (_freeMarks.Count == 0)
        {
            return "";
        }

        return (_plan.NoRepeatedMarks ? _freeMarks.Dequeue() : _freeMarks.Peek()).ToString();
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
}
