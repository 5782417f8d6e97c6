using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Spar.Nano;

/// <summary>Every sentence by which an instruction can state a constraint, and the constraint it states.</summary>
internal static class PhraseTable
{
    private static readonly FrozenDictionary<string, Constraint> s_byPhrase = Build();

    /// <summary>Looks a sentence up.</summary>
    public static bool TryGet(string sentence, [NotNullWhen(true)] out Constraint? constraint) =>
        s_byPhrase.TryGetValue(sentence, out constraint);

    private static FrozenDictionary<string, Constraint> Build()
    {
        string[] words =
        [
            .. Lexicon.Determiners,
            .. Lexicon.Adjectives,
            .. Lexicon.Topics.Values.SelectMany(list => list),
            .. Lexicon.Verbs,
            .. Lexicon.TransitiveVerbs,
            .. Lexicon.Adverbs,
            .. Lexicon.Prepositions,
            .. Lexicon.Situations.Values.SelectMany(list => list),
        ];
        int[] numbers = [.. Enumerable.Range(1, Critic.MostPositions)];
        IEnumerable<Constraint> all =
        [
            .. numbers.Select(n => new ExactWords(n)),
            .. numbers.Select(n => new AtLeastWords(n)),
            .. numbers.Select(n => new AtMostWords(n)),
            .. numbers.Select(n => new SentenceCount(n)),
            .. words
                .Distinct()
                .SelectMany(word =>
                    new Constraint[]
                    {
                        new IncludeWord(word),
                        new AvoidWord(word),
                        new FirstWord(word),
                        new LastWord(word),
                    }
                ),
            new ClosingMark('!'),
            new ClosingMark('?'),
            new Stars(),
            .. Lexicon.FeelingNames.Select(feeling => new ShowFeeling(feeling)),
            .. Lexicon.SituationNames.Select(situation => new SetIn(situation)),
        ];
        return all.SelectMany(constraint => constraint.Phrases, (constraint, phrase) => (phrase, constraint))
            .ToFrozenDictionary(entry => entry.phrase, entry => entry.constraint);
    }
}
