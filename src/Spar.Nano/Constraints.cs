namespace Spar.Nano;

/// <summary>The response uses exactly a number of words.</summary>
/// <param name="Count">3..12.</param>
public sealed record ExactWords(int Count) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "words";

    /// <inheritdoc/>
    public override string Family => "length";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"use exactly {Count} words.", $"it must have {Count} words."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        bool followed = response.Words.Count == Count;
        return new(followed, $"words {Critic.Number(response.Words.Count)} need {Count} {Verdict(followed)}");
    }

    internal override int Distance(NanoResponse response) => Math.Abs(response.Words.Count - Count);
}

/// <summary>The response uses at least a number of words.</summary>
/// <param name="Count">15..35.</param>
public sealed record AtLeastWords(int Count) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "at-least";

    /// <inheritdoc/>
    public override string Family => "length";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases =>
        [$"use at least {Count} words.", $"use no fewer than {Count} words."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        bool followed = response.Words.Count >= Count;
        return new(followed, $"words {Critic.Number(response.Words.Count)} least {Count} {Verdict(followed)}");
    }

    internal override int Distance(NanoResponse response) => Math.Max(0, Count - response.Words.Count);
}

/// <summary>The response uses at most a number of words.</summary>
/// <param name="Count">20..40.</param>
public sealed record AtMostWords(int Count) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "at-most";

    /// <inheritdoc/>
    public override string Family => "length";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases =>
        [$"use at most {Count} words.", $"use no more than {Count} words."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        bool followed = response.Words.Count <= Count;
        return new(followed, $"words {Critic.Number(response.Words.Count)} most {Count} {Verdict(followed)}");
    }

    internal override int Distance(NanoResponse response) => Math.Max(0, response.Words.Count - Count);
}

/// <summary>The response has exactly a number of sentences.</summary>
/// <param name="Count">2..6.</param>
public sealed record SentenceCount(int Count) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "sentences";

    /// <inheritdoc/>
    public override string Family => "sentence";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases =>
        [$"use exactly {Count} sentences.", $"it must have {Count} sentences."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        bool followed = response.Sentences.Count == Count;
        return new(followed, $"sentences {Critic.Number(response.Sentences.Count)} need {Count} {Verdict(followed)}");
    }

    internal override int Distance(NanoResponse response) => 8 * Math.Abs(response.Sentences.Count - Count);
}

/// <summary>The response contains a word.</summary>
/// <param name="Word">A word of the lexicon.</param>
public sealed record IncludeWord(string Word) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "include";

    /// <inheritdoc/>
    public override string Family => "keyword";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"include the word {Word}.", $"use the word {Word}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string evidence = Evidence(response, word => word == Word, sayWord: false, out bool found);
        return new(found, $"include {Word}{evidence} {Verdict(found)}");
    }

    internal override bool Needs(string word) => word == Word;
}

/// <summary>The response does not contain a word.</summary>
/// <param name="Word">A word of the lexicon.</param>
public sealed record AvoidWord(string Word) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "avoid";

    /// <inheritdoc/>
    public override string Family => "keyword";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"avoid the word {Word}.", $"do not use the word {Word}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string evidence = Evidence(response, word => word == Word, sayWord: false, out bool found);
        return new(!found, $"avoid {Word}{evidence} {Verdict(!found)}");
    }

    internal override int Distance(NanoResponse response) => 4 * response.Words.Count(word => word == Word);
}

/// <summary>The response starts with a word.</summary>
/// <param name="Word">A determiner or an adverb.</param>
public sealed record FirstWord(string Word) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "first";

    /// <inheritdoc/>
    public override string Family => "template";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases =>
        [$"start with the word {Word}.", $"the first word must be {Word}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string actual = response.Words.Count == 0 ? "none" : response.Words[0];
        return new(actual == Word, $"first {actual} need {Word} {Verdict(actual == Word)}");
    }

    internal override bool Needs(string word) => word == Word;
}

/// <summary>The response ends with a word.</summary>
/// <param name="Word">A noun or an adverb.</param>
public sealed record LastWord(string Word) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "last";

    /// <inheritdoc/>
    public override string Family => "template";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"end with the word {Word}.", $"the last word must be {Word}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string actual = response.Words.Count == 0 ? "none" : response.Words[^1];
        return new(actual == Word, $"last {actual} need {Word} {Verdict(actual == Word)}");
    }

    internal override bool Needs(string word) => word == Word;
}

/// <summary>The response closes with a given punctuation mark.</summary>
/// <param name="Mark">'!' or '?'.</param>
public sealed record ClosingMark(char Mark) : Constraint
{
    private string Name => Mark == '?' ? "a question mark" : "an exclamation mark";

    /// <inheritdoc/>
    public override string Kind => "mark";

    /// <inheritdoc/>
    public override string Family => "punctuation";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"finish with {Name}.", $"the last sign must be {Name}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        bool followed = response.ClosingMark == Mark;
        string actual = response.ClosingMark == '\0' ? "none" : response.ClosingMark.ToString();
        return new(followed, $"mark {actual} need {Mark} {Verdict(followed)}");
    }
}

/// <summary>The response stands between two stars.</summary>
public sealed record Stars : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "stars";

    /// <inheritdoc/>
    public override string Family => "symbol";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => ["put a star at both ends.", "begin and close with a star."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        int count = (response.LeadingStar ? 1 : 0) + (response.TrailingStar ? 1 : 0);
        return new(count == 2, $"stars {Critic.Number(count)} need 2 {Verdict(count == 2)}");
    }
}

/// <summary>The response shows a feeling: it uses at least one of the feeling's adjectives.</summary>
/// <param name="Feeling">A key of <see cref="Lexicon.Feelings"/>.</param>
public sealed record ShowFeeling(string Feeling) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "feeling";

    /// <inheritdoc/>
    public override string Family => "sentiment";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"make it {Feeling}.", $"it must sound {Feeling}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string evidence = Evidence(response, Needs, sayWord: true, out bool found);
        return new(found, $"{Feeling}{evidence} {Verdict(found)}");
    }

    internal override bool Needs(string word) => Lexicon.Feelings[Feeling].Contains(word);
}

/// <summary>The response is set in a situation: it uses at least one of the situation's words.</summary>
/// <param name="Situation">A key of <see cref="Lexicon.Situations"/>.</param>
public sealed record SetIn(string Situation) : Constraint
{
    private string Phrase =>
        Situation switch
        {
            "night" => "at night",
            "rain" => "in the rain",
            _ => $"in {Situation}",
        };

    /// <inheritdoc/>
    public override string Kind => "situation";

    /// <inheritdoc/>
    public override string Family => "situation";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [$"set it {Phrase}.", $"let it happen {Phrase}."];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string evidence = Evidence(response, Needs, sayWord: true, out bool found);
        return new(found, $"{Situation}{evidence} {Verdict(found)}");
    }

    internal override bool Needs(string word) => Lexicon.Situations[Situation].Contains(word);
}

/// <summary>The response is about a topic: it uses at least one of the topic's nouns. Part of every task.</summary>
/// <param name="Topic">A key of <see cref="Lexicon.Topics"/>.</param>
public sealed record OnTopic(string Topic) : Constraint
{
    /// <inheritdoc/>
    public override string Kind => "topic";

    /// <inheritdoc/>
    public override string Family => "topic";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Phrases => [];

    /// <inheritdoc/>
    public override Finding Check(NanoResponse response)
    {
        string evidence = Evidence(response, Needs, sayWord: true, out bool found);
        return new(found, $"{Topic}{evidence} {Verdict(found)}");
    }

    internal override bool Needs(string word) => Lexicon.Topics[Topic].Contains(word);
}
