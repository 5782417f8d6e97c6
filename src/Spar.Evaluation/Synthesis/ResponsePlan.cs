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
}

/// <summary>
/// What the constraints of a prompt ask of an example response, gathered from all of them; <see cref="ExampleWriter"/>
/// makes text of it.
/// </summary>
internal sealed class ResponsePlan
{
    /// <summary>The whole response, where a constraint leaves no choice.</summary>
    public string? Whole { get; set; }

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

    /// <summary>Whether every word and mark differs from all others.</summary>
    public bool NoRepeats { get; set; }

    /// <summary>Whether neighbouring words may not begin with letters that follow each other.</summary>
    public bool NoSuccessors { get; set; }

    /// <summary>How words are wrapped or joined.</summary>
    public WordForm Form { get; set; }

    /// <summary>The case of the text.</summary>
    public TextCase Case { get; set; }

    /// <summary>How many words are written in capitals.</summary>
    public int Capitals { get; set; }

    /// <summary>Marks that no sentence may end with.</summary>
    public HashSet<char> BannedMarks { get; } = [];

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

    /// <summary>Number of bullet points.</summary>
    public int Bullets { get; set; }

    /// <summary>Number of phrases between asterisks.</summary>
    public int Highlights { get; set; }

    /// <summary>Number of placeholders in square brackets.</summary>
    public int Placeholders { get; set; }

    /// <summary>Number of numbered headings.</summary>
    public int Sections { get; set; }

    /// <summary>What headings begin with.</summary>
    public string SectionMark { get; set; } = "";

    /// <summary>Whether there is a title in double angular brackets.</summary>
    public bool Title { get; set; }

    /// <summary>What the postscript begins with.</summary>
    public string? Postscript { get; set; }

    /// <summary>A sentence to be stated as it is.</summary>
    public string? Statement { get; set; }

    /// <summary>Text that stands before everything else.</summary>
    public string? Opening { get; set; }

    /// <summary>Phrase that stands behind everything else.</summary>
    public string? EndPhrase { get; set; }

    /// <summary>Whether the whole is JSON.</summary>
    public bool Json { get; set; }

    /// <summary>Whether the whole stands in double quotes.</summary>
    public bool Quoted { get; set; }
}
