using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>The case that a whole response is written in.</summary>
internal enum TextCase
{
    /// <summary>Sentences begin with a capital.</summary>
    Sentence,

    /// <summary>Every word begins with a capital.</summary>
    Title,

    /// <summary>No small letters.</summary>
    Upper,

    /// <summary>No capitals.</summary>
    Lower,
}

/// <summary>How the words of a whole response are wrapped or joined.</summary>
internal enum WordForm
{
    /// <summary>Words with spaces between.</summary>
    Plain,

    /// <summary>Each word in square brackets.</summary>
    Brackets,

    /// <summary>Words in pairs within double angular brackets.</summary>
    Pairs,

    /// <summary>Sentences joined by hyphens.</summary>
    Hyphens,

    /// <summary>Each word on a line of its own.</summary>
    Lines,

    /// <summary>Each sentence on a line of its own that is indented further than the one before.</summary>
    Stairs,

    /// <summary>Words without anything between.</summary>
    Joined,
}

/// <summary>
/// What the constraints of a prompt ask of an example response, gathered from all of them; <see cref="ExampleWriter"/>
/// makes text of it.
/// </summary>
internal sealed class ResponsePlan
{
    /// <summary>Writes the whole response, where a constraint leaves no choice.</summary>
    public Func<SeededRandom, string>? Whole { get; set; }

    /// <summary>ISO code of the language of the words.</summary>
    public string Language { get; set; } = "en";

    /// <summary>Texts that may stand in no filler, in lower case.</summary>
    public List<string> Banned { get; } = [];

    /// <summary>Letters, in lower case, that no filler may have.</summary>
    public HashSet<char> LettersAvoided { get; } = [];

    /// <summary>How often a letter must occur, at least.</summary>
    public Dictionary<char, int> LettersNeeded { get; } = [];

    /// <summary>Words and phrases to be worked in, one entry for each occurrence.</summary>
    public List<string> Words { get; } = [];

    /// <summary>Words at fixed places, both counted from 0.</summary>
    public List<(int Sentence, int Word, string Text)> Pinned { get; } = [];

    /// <summary>The first word.</summary>
    public string? First { get; set; }

    /// <summary>The last word.</summary>
    public string? Last { get; set; }

    /// <summary>The first word of every sentence.</summary>
    public string? EverySentenceFirst { get; set; }

    /// <summary>The last word of every sentence.</summary>
    public string? EverySentenceLast { get; set; }

    /// <summary>First words of paragraphs, counted from 0.</summary>
    public Dictionary<int, string> ParagraphFirst { get; } = [];

    /// <summary>Whether first and last word are the same and no mark follows.</summary>
    public bool SameEnds { get; set; }

    /// <summary>Whether every mark differs from all others.</summary>
    public bool NoRepeatedMarks { get; set; }

    /// <summary>How often a word may be used, at most.</summary>
    public int MaxUses { get; set; } = int.MaxValue;

    /// <summary>Number of different words, at least.</summary>
    public int Distinct { get; set; }

    /// <summary>What each filler must be like; given in lower case.</summary>
    public List<Func<string, bool>> Admitted { get; } = [];

    /// <summary>Whether a word may stand behind another; in lower case without marks, the earlier first.</summary>
    public List<Func<string, string, bool>> Successions { get; } = [];

    /// <summary>Words at positions that are multiples of this are Japanese; 0 for none.</summary>
    public int JapaneseEvery { get; set; }

    /// <summary>How words are wrapped or joined.</summary>
    public WordForm Form { get; set; }

    /// <summary>The case of the text.</summary>
    public TextCase Case { get; set; }

    /// <summary>How many words are written in capitals.</summary>
    public int Capitals { get; set; }

    /// <summary>Marks that no sentence may end with.</summary>
    public HashSet<char> BannedMarks { get; } = [];

    /// <summary>Marks that the sentences end with in turn, equally often; empty for any.</summary>
    public string Ends { get; set; } = "";

    /// <summary>Whether an emoji stands before the mark of each sentence.</summary>
    public bool Emoji { get; set; }

    /// <summary>Fewest words.</summary>
    public int MinWords { get; set; }

    /// <summary>Most words.</summary>
    public int MaxWords { get; set; } = int.MaxValue;

    /// <summary>Fewest letters.</summary>
    public int MinLetters { get; set; }

    /// <summary>Most letters.</summary>
    public int MaxLetters { get; set; } = int.MaxValue;

    /// <summary>Fewest sentences.</summary>
    public int MinSentences { get; set; } = 1;

    /// <summary>Most sentences.</summary>
    public int MaxSentences { get; set; } = int.MaxValue;

    /// <summary>Number of pieces that <see cref="Divider"/> separates.</summary>
    public int Pieces { get; set; } = 1;

    /// <summary>What stands between pieces.</summary>
    public string Divider { get; set; } = " ";

    /// <summary>Sentences of each piece and tokens of each sentence, where both are fixed.</summary>
    public (int Sentences, int Tokens)? Composition { get; set; }

    /// <summary>By how many words each sentence is longer than the one before; null for any.</summary>
    public int? Growth { get; set; }

    /// <summary>Whether each sentence has a longer run of words with the same first letter.</summary>
    public bool Alliteration { get; set; }

    /// <summary>Whether each sentence begins with the last word of the one before.</summary>
    public bool Chained { get; set; }

    /// <summary>Whether each piece ends with the word that it begins with.</summary>
    public bool Framed { get; set; }

    /// <summary>Words that belong into a sentence, counted from 0.</summary>
    public List<(int Sentence, string Text)> InSentences { get; } = [];

    /// <summary>The last word but one.</summary>
    public string? BeforeLast { get; set; }

    /// <summary>
    /// What is to stand in the last sentence: text in which each <c>~</c> is a filler; white space around it counts.
    /// </summary>
    public List<string> Parts { get; } = [];

    /// <summary>Parts that come after all sentences.</summary>
    public List<string> Closing { get; } = [];

    /// <summary>A part that comes before the first sentence.</summary>
    public string? Heading { get; set; }

    /// <summary>Sentences to be stated as they are.</summary>
    public List<string> Statements { get; } = [];

    /// <summary>Text that stands before everything else.</summary>
    public string? Opening { get; set; }

    /// <summary>Phrase that stands behind everything else.</summary>
    public string? EndPhrase { get; set; }

    /// <summary>Whether the whole is JSON.</summary>
    public bool Json { get; set; }

    /// <summary>Whether the whole stands in double quotes.</summary>
    public bool Quoted { get; set; }
}
