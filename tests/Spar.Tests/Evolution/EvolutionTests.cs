using Spar.Calls;
using Spar.Evolution;

namespace Spar.Tests;

/// <summary>Prompt evolution: taxonomy, parser, near-duplicates, and the counts.</summary>
public sealed class EvolutionTests
{
    private static readonly ConstraintTaxonomy s_taxonomy = ConstraintTaxonomy.BuiltIn;

    [Fact]
    public void The_built_in_taxonomy_has_the_methods_fourteen_families() =>
        Assert.Equal(14, s_taxonomy.Families.Count);

    [Theory]
    [InlineData("{", "no taxonomy")]
    [InlineData("{\"families\": []}", "at least two")]
    [InlineData(
        "{\"families\": [{\"name\": \"a\", \"about\": \"x\", \"examples\": [\"y\"]}, {\"name\": \"A\", \"about\": " +
        "\"x\", \"examples\": [\"y\"]}]}", "there twice")]
    [InlineData(
        "{\"families\": [{\"name\": \"a\", \"about\": \"x\", \"examples\": []}, {\"name\": \"b\", \"about\": \"x\", " +
        "\"examples\": [\"y\"]}]}", "no examples")]
    [InlineData("{\"families\": [{\"nam\": \"a\", \"about\": \"x\", \"examples\": [\"y\"]}]}", "nam")]
    public void A_faulty_taxonomy_is_refused_with_the_place(string text, string word) =>
        Assert.Contains(
            word, Assert.Throws<SparException>(() => ConstraintTaxonomy.Parse("mine.json", text)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void What_a_teacher_writes_is_read_back()
    {
        EvolutionParser parser = new(s_taxonomy);
        string output = "Some thought.\n" + EvolutionParser.Format(
            [new("length", "at most 10 words"), new("keyword", "use the word: sea")], "Write ten words about the sea.");
        Evolved evolved = parser.Parse(output);
        Assert.Equal("Write ten words about the sea.", evolved.Prompt);
        Assert.Equal(
            [new AddedConstraint("length", "at most 10 words"), new AddedConstraint("keyword", "use the word: sea")],
            evolved.Constraints);
        Assert.True(parser.Parse("I see. [[Declined]]").Declined);
        Assert.Equal("no prompt mark", parser.Parse("Write ten words.").Unparsed);
        Assert.Equal("no end mark", parser.Parse("[[constraints]]\nlength: x\n[[evolved prompt]]\nWrite").Unparsed);
        Assert.Equal(
            "no constraint of a known family",
            parser.Parse("[[constraints]]\ncolour: red\n[[evolved prompt]]\nWrite\n[[end of prompt]]").Unparsed);
    }

    [Theory]
    [InlineData("**length**: at most 10 words")]
    [InlineData("1. length: at most 10 words")]
    [InlineData("2) **Length:** at most 10 words")]
    [InlineData("length：at most 10 words")]
    [InlineData("- `length` - at most 10 words")]
    [InlineData("* Length (main): at most 10 words")]
    [InlineData("Here is what I added:\n\n- LENGTH: at most 10 words\nI kept it short.")]
    public void Constraints_are_read_in_the_spellings_that_teachers_use(string lines)
    {
        Evolved evolved = new EvolutionParser(s_taxonomy).Parse(
            $"<think>\nplan\n</think>\n**[[constraints]]**\n{lines}\n**[[evolved prompt]]**\nWrite about the " +
            $"sea.\n**[[end of prompt]]**");
        Assert.Equal("Write about the sea.", evolved.Prompt);
        Assert.Equal([new AddedConstraint("length", "at most 10 words")], evolved.Constraints);
    }

    [Theory]
    [InlineData("[[declined]]", null)]
    [InlineData("**[[Declined]]**\nThe seed asks for a proof.", "The seed asks for a proof.")]
    public void A_teacher_that_declines_says_why(string output, string? reason)
    {
        Evolved evolved = new EvolutionParser(s_taxonomy).Parse(output);
        Assert.True(evolved.Declined);
        Assert.Equal(reason, evolved.Reason);
    }

    [Fact]
    public void The_templates_own_words_are_no_evolved_prompt() =>
        Assert.Equal("the template's placeholder", new EvolutionParser(s_taxonomy)
        .Parse("[[constraints]]\nlength: x\n[[evolved prompt]]\n...\n[[end of prompt]]").Unparsed);

    [Fact]
    public void Near_duplicates_are_found_by_shared_trigrams()
    {
        NearDuplicates known = new(0.5);
        Assert.Null(known.Add("Write a poem about the sea in ten words"));
        // 7 trigrams each, 6 of them shared: 6 / 8.
        Assert.Equal(0, known.Add("write a POEM about the sea in ten lines!"));
        Assert.Null(known.Add("Explain how a bridge is built, in the words of an engineer"));
        Assert.Null(known.Add("hello"));
        Assert.Equal(2, known.Add("Hello!"));
    }

    [Fact]
    public async Task Families_are_balanced_and_every_seed_is_accounted_for()
    {
        SeedPrompt[] seeds = [
            .. Enumerable.Range(0, 140)
                .Select(i => new SeedPrompt($"s{i}", $"seed number {i} asks for thing {i} with {i} words"))];
        EvolutionResult first = await RunAsync(seeds);
        Assert.Equal(140, first.Seeds);
        Assert.Equal(
            140, first.Prompts.Count + first.Declined + first.NearDuplicates + first.Unparsed.Values.Sum()
            + first.Failed.Count);
        Assert.Equal(10, first.Declined);
        Assert.Equal(10, first.Unparsed["no prompt mark"]);
        Assert.Equal(9, first.NearDuplicates);
        Assert.Equal(10, first.Failed.Count);
        Assert.All(first.Prompts, prompt =>
        {
            Assert.Equal(prompt.MainFamily, prompt.Families[0]);
            Assert.InRange(prompt.Families.Count, 2, 4);
            Assert.Equal(prompt.Families.Count, prompt.Families.Distinct().Count());
        });

        // Before losses, each family is main equally often: 140 seeds over 14 families.
        Assert.All(s_taxonomy.Families, family => Assert.InRange(first.MainFamilies[family.Name], 3, 10));
        Assert.Equal(
            first.Prompts.Select(prompt => prompt.Prompt),
            (await RunAsync(seeds)).Prompts.Select(prompt => prompt.Prompt));
    }

    private static async Task<EvolutionResult> RunAsync(IReadOnlyList<SeedPrompt> seeds)
    {
        using CallSession session = new(7, 8);
        return await new PromptEvolution(s_taxonomy, new Scripted(), session, 0.7)
            .RunAsync(seeds, () => { }, CancellationToken.None);
    }

    // Declines, garbles, repeats itself or fails on one seed in fourteen each.
    private sealed class Scripted : IEvolutionTeacher
    {
        public async Task<Answer> EvolveAsync(string key, EvolutionTask task, CancellationToken cancellationToken)
        {
            int number = int.Parse(task.Seed.Split(' ')[2]);
            await Task.Yield();
            return new Answer((number % 14) switch
            {
                0 => EvolutionParser.DeclinedMark,
                1 => "what?",
                2 =>
                    EvolutionParser.Format(
                        [new AddedConstraint(task.Main.Name, "x")], "always the same prompt as every time"),
                3 => throw new CallFailedException(key, new IOException("gone")),
                _ =>
                    EvolutionParser.Format(
                        [new AddedConstraint(task.Main.Name, "x")], $"{task.Seed} and {task.Main.Name}"),
            });
        }
    }
}
