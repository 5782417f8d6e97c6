using Spar.Ground;

namespace Spar.Nano;

/// <summary>
/// Mends a text in small steps: each step changes the least that brings a failing requirement closer, and leaves alone
/// the words that other requirements need. What was right in the text stays, which is what a refinement is for.
/// </summary>
public static class Editor
{
    private const int MostSteps = 60;

    /// <summary>Edits a response until the task's requirements hold.</summary>
    /// <param name="task">The task.</param>
    /// <param name="response">Any text; words that the world does not know may be dropped.</param>
    /// <param name="random">Decides among edits that serve equally.</param>
    /// <returns>
    /// The mended response (the same text where nothing was wrong), or null where it could not be mended in a few dozen
    /// steps.
    /// </returns>
    public static string? Edit(NanoTask task, string response, SeededRandom random)
    {
        string text = response;
        int distance = Distance(task, text);
        for (int step = 0; step < MostSteps && distance > 0; step++)
        {
            NanoResponse parsed = NanoResponse.Parse(text);
            List<Constraint> failing = [.. task.Requirements.Where(constraint => !constraint.Check(parsed).Followed)];
            string candidate = new Draft(task, parsed).Apply(random.Pick(failing), random);
            int reached = Distance(task, candidate);
            if (reached < distance || (reached == distance && random.Chance(0.3)))
            {
                (text, distance) = (candidate, reached);
            }
        }

        return distance == 0 ? text : null;
    }

    private static int Distance(NanoTask task, string text)
    {
        NanoResponse parsed = NanoResponse.Parse(text);
        return task.Requirements.Sum(constraint => constraint.Distance(parsed));
    }

    /// <summary>A text under the pencil.</summary>
    private sealed class Draft
    {
        private readonly NanoTask _task;
        private readonly List<List<string>> _sentences;
        private readonly bool _stars;
        private readonly char _mark;

        public Draft(NanoTask task, NanoResponse response)
        {
            _task = task;
            _sentences = [.. response.Sentences.Select(sentence => sentence.ToList())];
            _stars = task.Constraints.Any(constraint => constraint is Stars);
            _mark =
                task.Constraints.OfType<ClosingMark>().FirstOrDefault()?.Mark
                ?? (response.ClosingMark == '\0' ? '.' : response.ClosingMark);
            if (_sentences.Count == 0)
            {
                _sentences.Add([]);
            }
        }

        public string Apply(Constraint failing, SeededRandom random)
        {
            switch (failing)
            {
                case ExactWords exact:
                    ChangeLength(exact.Count - _sentences.Sum(sentence => sentence.Count), random);
                    break;
                case AtLeastWords least:
                    ChangeLength(least.Count - _sentences.Sum(sentence => sentence.Count), random);
                    break;
                case AtMostWords most:
                    ChangeLength(most.Count - _sentences.Sum(sentence => sentence.Count), random);
                    break;
                case SentenceCount count:
                    ChangeSentences(count.Count - _sentences.Count, random);
                    break;
                case IncludeWord include:
                    Place(include.Word, random);
                    break;
                case AvoidWord avoid:
                    Replace(avoid.Word, random);
                    break;
                case FirstWord first:
                    PlaceFirst(first.Word);
                    break;
                case LastWord last:
                    PlaceLast(last.Word, random);
                    break;
                case ShowFeeling feeling:
                    Place(random.Pick(Lexicon.Feelings[feeling.Feeling]), random);
                    break;
                case SetIn setting:
                    Place(random.Pick(Lexicon.Situations[setting.Situation]), random);
                    break;
                case OnTopic topic:
                    Place(random.Pick(Lexicon.Topics[topic.Topic]), random);
                    break;
                default:
                    // The mark and the stars are set whenever the text is written.
                    break;
            }

            _sentences.RemoveAll(sentence => sentence.Count == 0);
            return NanoResponse.Format(_sentences, _mark, _stars);
        }

        private bool Free(string word) => !_task.Requirements.Any(constraint => constraint.Needs(word));

        private List<(List<string> Sentence, int Index)> Where(Func<string, bool> qualifies) =>
            [
                .. _sentences.SelectMany(sentence =>
                    Enumerable.Range(0, sentence.Count).Where(i => qualifies(sentence[i])).Select(i => (sentence, i))
                ),
            ];

        private void ChangeLength(int wanted, SeededRandom random)
        {
            List<string> sentence = random.Pick(_sentences);
            if (wanted > 0)
            {
                Lengthen(sentence, wanted, random);
                return;
            }

            // Take out what a sentence can do without: a word unknown to the world, an adjective, an adverb, or the
            // whole tail behind a verb.
            List<int> spare =
            [
                .. Enumerable
                    .Range(0, sentence.Count)
                    .Where(i =>
                        Free(sentence[i])
                        && Lexicon.ClassOf(sentence[i]) is WordClass.Adjective or WordClass.Adverb or WordClass.Unknown
                    ),
            ];
            int tail = sentence.FindIndex(word => Lexicon.ClassOf(word) is WordClass.Preposition or WordClass.In);
            if (
                tail > 0
                && (spare.Count == 0 || random.Chance(0.4))
                && sentence.Count - tail <= -wanted + 1
                && sentence.Skip(tail).All(Free)
            )
            {
                sentence.RemoveRange(tail, sentence.Count - tail);
            }
            else if (spare.Count > 0)
            {
                sentence.RemoveAt(random.Pick(spare));
            }
            else if (sentence.Count > 0 && (sentence.Count > 3 || _sentences.Count > 1) && Free(sentence[^1]))
            {
                sentence.RemoveAt(sentence.Count - 1);
            }
        }

        private void Lengthen(List<string> sentence, int wanted, SeededRandom random)
        {
            List<int> bare =
            [
                .. Enumerable
                    .Range(0, sentence.Count)
                    .Where(i =>
                        Lexicon.ClassOf(sentence[i]) == WordClass.Noun
                        && (i == 0 || Lexicon.ClassOf(sentence[i - 1]) != WordClass.Adjective)
                    ),
            ];
            switch (random.Next32(4))
            {
                case 0 when wanted >= 3:
                    int end = EndOf(sentence);
                    sentence.InsertRange(
                        end,
                        [random.Pick(Lexicon.Prepositions), .. Grammar.NounPhrase(_task.Topic, random)]
                    );
                    break;
                case 1 when wanted >= 2 && !sentence.Contains("in"):
                    sentence.InsertRange(
                        EndOf(sentence),
                        ["in", random.Pick(Lexicon.Situations[random.Pick(Lexicon.SituationNames)])]
                    );
                    break;
                case 2 when !sentence.Exists(word => Lexicon.ClassOf(word) == WordClass.Adverb):
                    int verb = sentence.FindIndex(word => Lexicon.ClassOf(word) == WordClass.Verb);
                    sentence.Insert(verb < 0 ? EndOf(sentence) : verb + 1, random.Pick(Lexicon.Adverbs));
                    break;
                default:
                    if (bare.Count > 0)
                    {
                        sentence.Insert(random.Pick(bare), random.Pick(Lexicon.Adjectives));
                    }

                    break;
            }
        }

        // Before a word that has to stay last, else the very end.
        private int EndOf(List<string> sentence)
        {
            string? last = _task.Constraints.OfType<LastWord>().FirstOrDefault()?.Word;
            if (!ReferenceEquals(sentence, _sentences[^1]) || sentence.Count == 0 || last != sentence[^1])
            {
                return sentence.Count;
            }

            return sentence.FindIndex(word => Lexicon.ClassOf(word) is WordClass.Verb) is int verb and >= 0
                ? verb + 1
                : sentence.Count - 1;
        }

        private void ChangeSentences(int wanted, SeededRandom random)
        {
            if (wanted > 0)
            {
                int at = _sentences.Count == 1 ? 1 : random.Between(1, _sentences.Count - 1);
                _sentences.Insert(at, Grammar.Sentence(_task.Topic, random));
                return;
            }

            List<int> spare = [.. Enumerable.Range(0, _sentences.Count).Where(i => _sentences[i].TrueForAll(Free))];
            _sentences.RemoveAt(
                spare.Count > 0 && random.Chance(0.8) ? random.Pick(spare) : random.Next32(_sentences.Count)
            );
        }

        private void Place(string word, SeededRandom random)
        {
            WordClass kind = Lexicon.ClassOf(word);
            var peers = Where(other => Lexicon.ClassOf(other) == kind && Free(other));
            if (kind == WordClass.Adjective && (peers.Count == 0 || random.Chance(0.5)))
            {
                var bare = Where(other => Lexicon.ClassOf(other) == WordClass.Noun);
                bare.RemoveAll(place =>
                    place.Index > 0 && Lexicon.ClassOf(place.Sentence[place.Index - 1]) == WordClass.Adjective
                );
                if (bare.Count > 0)
                {
                    (List<string> sentence, int index) = random.Pick(bare);
                    sentence.Insert(index, word);
                    return;
                }
            }

            if (peers.Count > 0)
            {
                (List<string> sentence, int index) = random.Pick(peers);
                sentence[index] = word;
                return;
            }

            List<string> target = random.Pick(_sentences);
            int verb = target.FindIndex(other => Lexicon.ClassOf(other) is WordClass.Verb or WordClass.TransitiveVerb);
            int behindVerb = verb < 0 ? target.Count : verb + 1;
            switch (kind)
            {
                case WordClass.SituationWord:
                    target.InsertRange(EndOf(target), ["in", word]);
                    break;
                case WordClass.Adverb when verb < 0 || Lexicon.ClassOf(target[verb]) == WordClass.Verb:
                    target.Insert(behindVerb, word);
                    break;
                case WordClass.Noun:
                    target.InsertRange(
                        EndOf(target),
                        [random.Pick(Lexicon.Prepositions), random.Pick(Lexicon.Determiners), word]
                    );
                    break;
                case WordClass.Verb when verb >= 0 && target.Skip(behindVerb).All(Free):
                    target.RemoveRange(verb, target.Count - verb);
                    target.Add(word);
                    break;
                case WordClass.TransitiveVerb when verb >= 0 && target.Skip(behindVerb).All(Free):
                    target.RemoveRange(verb, target.Count - verb);
                    target.AddRange([word, .. Grammar.NounPhrase(_task.Topic, random)]);
                    break;
                default:
                    target.Clear();
                    target.AddRange(Grammar.Sentence(_task.Topic, random));
                    break;
            }
        }

        private void Replace(string word, SeededRandom random)
        {
            IReadOnlyList<string> peers = Lexicon.Peers(word) is { Count: > 0 } same ? same : Lexicon.Adverbs;
            foreach ((List<string> sentence, int index) in Where(other => other == word))
            {
                sentence[index] = random.Pick(peers);
            }
        }

        private void PlaceFirst(string word)
        {
            List<string> sentence = _sentences[0];
            WordClass kind = Lexicon.ClassOf(word);
            bool opensWithAdverb = sentence.Count > 0 && Lexicon.ClassOf(sentence[0]) == WordClass.Adverb;
            if (kind == WordClass.Adverb && !opensWithAdverb)
            {
                sentence.Insert(0, word);
                return;
            }

            if (kind == WordClass.Determiner && opensWithAdverb)
            {
                sentence.RemoveAt(0);
            }

            if (
                sentence.Count == 0
                || (Lexicon.ClassOf(sentence[0]) != kind && Lexicon.ClassOf(sentence[0]) != WordClass.Unknown)
            )
            {
                sentence.Insert(0, word);
            }
            else
            {
                sentence[0] = word;
            }
        }

        private void PlaceLast(string word, SeededRandom random)
        {
            List<string> sentence = _sentences[^1];
            WordClass kind = Lexicon.ClassOf(word);
            if (sentence.Count > 1 && Lexicon.ClassOf(sentence[^1]) == kind)
            {
                sentence[^1] = word;
                return;
            }

            if (kind == WordClass.Adverb)
            {
                sentence.Add(word);
                return;
            }

            // A noun goes behind a preposition; an adverb that closes the sentence makes room for it.
            if (sentence.Count > 2 && Lexicon.ClassOf(sentence[^1]) == WordClass.Adverb && Free(sentence[^1]))
            {
                sentence.RemoveAt(sentence.Count - 1);
            }

            sentence.AddRange([random.Pick(Lexicon.Prepositions), random.Pick(Lexicon.Determiners), word]);
        }
    }
}
