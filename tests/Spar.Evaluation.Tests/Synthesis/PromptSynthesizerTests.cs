using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Synthesis;
using Spar.Ground;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Synthesis;

public class PromptSynthesizerTests
{
    private static readonly string[] s_allSets = ["ifeval", "iftrain", "ifbench"];

    private static readonly Lazy<SynthesisResult> s_many = new(() =>
        new PromptSynthesizer(
            new SynthesisOptions { Count = 2000, Seed = 5, Include = s_allSets }, [], Benchmarks()).Run());

    private static NearPrompts Benchmarks()
    {
        NearPrompts prompts = new();
        prompts.AddFile(SharedData.Path("data", "ifeval", "prompts.jsonl"));
        prompts.AddFile(SharedData.Path("data", "ifbench", "prompts.jsonl"));
        return prompts;
    }

    private static SynthesisResult Make(SynthesisOptions options, params string[] requests) =>
        new PromptSynthesizer(options, requests, new NearPrompts()).Run();

    /// <summary>The verifiers are made anew from the arguments as they are written.</summary>
    [Fact]
    public void Two_hundred_of_2000_prompts_drawn_at_random_are_satisfied_by_their_examples()
    {
        SynthesisResult made = s_many.Value;
        Assert.Equal(2000, made.Prompts.Count);
        foreach (SynthesizedPrompt prompt in new SeededRandom(1).Choose(made.Prompts, 200))
        {
            Assert.InRange(prompt.Constraints.Count, 1, 5);
            foreach (SynthesizedConstraint constraint in prompt.Constraints)
            {
                InstructionArguments arguments = InstructionArguments.Parse(constraint.Arguments.ToJsonString());
                Verdict verdict = InstructionRegistry.Create(constraint.Id, arguments).Verify(prompt.Example);
                Assert.True(verdict.Followed, $"{constraint.Id} {constraint.Arguments}: {verdict.Explanation}");
            }
        }
    }

    [Fact]
    public void No_prompt_of_2000_is_near_one_of_a_benchmark_and_all_differ()
    {
        NearPrompts benchmarks = Benchmarks();
        Assert.DoesNotContain(s_many.Value.Prompts, prompt => benchmarks.HasNear(prompt.Prompt));
        Assert.Equal(2000, s_many.Value.Prompts.Select(prompt => prompt.Prompt).Distinct().Count());
    }

    [Fact]
    public void All_112_instructions_are_used()
    {
        HashSet<string> used = [.. s_many.Value.Prompts.SelectMany(prompt => prompt.Constraints).Select(c => c.Id)];
        Assert.Equal(112, InstructionRegistry.Ids.Count);
        Assert.Equal(InstructionRegistry.Ids.Order(), used.Order());
    }

    [Fact]
    public void All_2000_examples_follow_their_prompts_whose_constraints_are_not_in_conflict()
    {
        foreach (SynthesizedPrompt prompt in s_many.Value.Prompts)
        {
            Assert.All(prompt.Constraints, constraint => Assert.True(InstructionRegistry
                .Create(constraint.Id, InstructionArguments.Parse(constraint.Arguments.ToJsonString()))
                .Verify(prompt.Example).Followed));
            string[] ids = [.. prompt.Constraints.Select(constraint => constraint.Id)];
            Assert.DoesNotContain(
                ids.SelectMany(one => ids.Where(two => two != one)
                    .Select(two => ConstraintConflicts.Between(one, two))),
                conflict => conflict is not null);
        }
    }

    [Theory]
    [InlineData("", 54)]
    [InlineData("ifbench", 58)]
    [InlineData("count", 4)]
    [InlineData("count count:numbers", 5)]
    [InlineData("format ratio", 19)]
    public void Instructions_of_IFBench_are_used_only_where_they_are_asked_for(string include, int expected)
    {
        SynthesisOptions options = new()
        {
            Count = 80,
            MostConstraints = 1,
            Include = include.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        };
        Assert.Equal(expected, Make(options).Prompts.Select(prompt => prompt.Constraints[0].Id).Distinct().Count());
    }

    [Fact]
    public void Instructions_with_a_request_of_their_own_are_not_added_to_other_requests()
    {
        SynthesisOptions options = new() { Count = 20, MostConstraints = 1, Include = ["custom", "format"] };
        SynthesisResult seeded = Make(options, "Name a tree.");
        Assert.DoesNotContain(
            seeded.Prompts.SelectMany(prompt => prompt.Constraints),
            constraint => constraint.Id.StartsWith("custom:", StringComparison.Ordinal)
                || constraint.Id == "format:options");
        string fault = Assert.Throws<EvaluationException>(
            () => Make(options with { Include = ["custom"] }, "Name a tree.")).Message;
        Assert.Contains("leave the seeds out", fault);
        SynthesizedPrompt choice = Make(options with { Count = 1, Include = ["format:options"] }).Prompts[0];
        Assert.Contains(choice.Constraints[0].Arguments["options"]!.GetValue<string>(), choice.Prompt);
    }

    [Fact]
    public void The_same_seed_gives_the_same_files_and_another_seed_others()
    {
        string Text(ulong seed)
        {
            string folder = Directory.CreateTempSubdirectory("spar-synthesis").FullName;
            string summary = SynthesisFiles.Write(folder, Make(new SynthesisOptions { Count = 30, Seed = seed }));
            string text = summary + File.ReadAllText(Path.Combine(folder, SynthesisFiles.Prompts))
                + File.ReadAllText(Path.Combine(folder, SynthesisFiles.Examples));
            Directory.Delete(folder, recursive: true);
            return text;
        }

        string first = Text(1);
        Assert.Equal(first, Text(1));
        Assert.NotEqual(first, Text(2));
    }

    [Fact]
    public void The_files_are_prompts_and_responses_of_IFEvals_layout_and_all_instructions_are_followed()
    {
        string folder = Directory.CreateTempSubdirectory("spar-synthesis").FullName;
        SynthesisFiles.Write(folder, Make(new SynthesisOptions { Count = 40, MostConstraints = 15 }));
        string file = Path.Combine(folder, SynthesisFiles.Prompts);
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt.Load(file).Items;
        string examples = Path.Combine(folder, SynthesisFiles.Examples);
        InstructionResponses responses = InstructionResponses.Load(examples, prompts);
        Assert.Equal(1, InstructionScorer.Score(prompts, responses.ByKey).Prompts.StrictAccuracy);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Fifteen_constraints_go_together()
    {
        SynthesisResult made = Make(new SynthesisOptions { Count = 8, LeastConstraints = 15, MostConstraints = 15 });
        Assert.All(made.Prompts, prompt => Assert.Equal(15, prompt.Constraints.DistinctBy(c => c.Id).Count()));
    }

    [Fact]
    public void Families_held_out_and_hardness_left_out_do_not_occur()
    {
        SynthesisOptions options = new()
        {
            Count = 60,
            Include = ["ifeval", "keywords"],
            Exclude = ["detectable_format", "keywords:palindrome"],
            MostHardness = 2,
        };
        SynthesizedConstraint[] constraints = [.. Make(options).Prompts.SelectMany(prompt => prompt.Constraints)];
        Assert.All(constraints, constraint =>
        {
            Assert.InRange(constraint.Hardness, 1, 2);
            Assert.True(
                InstructionRegistry.SetOf(constraint.Id) == InstructionSet.IFEval
                || InstructionRegistry.FamilyOf(constraint.Id) == "keywords");
            Assert.NotEqual("detectable_format", InstructionRegistry.FamilyOf(constraint.Id));
            Assert.NotEqual("keywords:palindrome", constraint.Id);
        });
    }

    /// <summary>
    /// Pointed at, all that stands before is repeated, other constraints included; quoted, the request is.
    /// </summary>
    [Fact]
    public void A_prompt_that_is_to_be_repeated_is_quoted_or_pointed_at()
    {
        const string Id = "combination:repeat_prompt";
        SynthesizedPrompt[] repeating = [.. s_many.Value.Prompts.Where(one => one.Constraints.Any(c => c.Id == Id))];
        (int quoted, int pointed) = (0, 0);
        foreach (SynthesizedPrompt prompt in repeating)
        {
            string repeated = prompt.Constraints.Single(c => c.Id == Id)
                .Arguments["prompt_to_repeat"]!.GetValue<string>();
            if (prompt.Prompt.StartsWith(repeated, StringComparison.Ordinal) && prompt.Constraints[^1].Id == Id
                && prompt.Prompt.LastIndexOf(repeated, StringComparison.Ordinal) == 0)
            {
                pointed++;
                Assert.StartsWith(prompt.Request, repeated, StringComparison.Ordinal);
            }
            else
            {
                quoted++;
                Assert.Equal(prompt.Request, repeated);
            }
        }

        Assert.True(pointed > 0 && quoted > 0, $"{pointed} pointed at, {quoted} quoted");
    }

    [Fact]
    public void Requests_that_are_given_stand_in_the_prompts_in_turn()
    {
        SynthesisResult made = Make(new SynthesisOptions { Count = 20 }, "Name a tree.", "Praise \"salt\".\nBriefly.");
        Assert.All(made.Prompts, prompt => Assert.StartsWith(prompt.Request, prompt.Prompt, StringComparison.Ordinal));
        Assert.Equal(2, made.Prompts.Select(prompt => prompt.Request).Distinct().Count());
    }

    [Fact]
    public void Requests_of_any_shape_get_constraints()
    {
        string[] requests =
            ["a", "Hi", "😀", "😀 😀 name a tree", "日本語で", "a \"b\" 'c' (d) [e] {f} <g> *h* ~\n\n\tx", "~", new('x', 900)];
        SynthesisOptions options = new() { Count = 400, MostConstraints = 2, Include = s_allSets, Seed = 2 };
        SynthesisResult made = Make(options, requests);
        Assert.Equal(requests.Order(), made.Prompts.Select(prompt => prompt.Request).Distinct().Order());
    }

    [Fact]
    public void What_cannot_be_reached_is_said()
    {
        void Fails(SynthesisOptions options, string part) =>
            Assert.Contains(part, Assert.Throws<EvaluationException>(() => Make(options)).Message);

        Fails(new() { Include = ["keyword"] }, "'keyword' names no constraint");
        Fails(new() { Exclude = ["ifeval", "iftrain"] }, "no constraint is left");
        Fails(new() { Count = 5, Include = ["startend"], LeastConstraints = 4 }, "only 0 of 5 prompts");
        Fails(new() { LeastConstraints = 3, MostConstraints = 2 }, "3-2");
    }

    [Theory]
    [InlineData("Write a POEM, about seven grey geese in flight today!", true)]
    [InlineData("Please write a poem about seven grey geese in flight today or tomorrow", true)]
    [InlineData("Write a poem about seven brown geese in flight today", false)]
    [InlineData("A poem", false)]
    public void Near_is_a_shared_run_of_eight_words(string prompt, bool near)
    {
        NearPrompts prompts = new();
        prompts.Add("Write a poem about seven grey geese in flight today.");
        Assert.Equal(near, prompts.HasNear(prompt));
    }

    [Fact]
    public void A_conflict_is_the_same_from_both_sides()
    {
        foreach (string one in InstructionRegistry.Ids)
        {
            foreach (string other in InstructionRegistry.Ids)
            {
                Assert.Equal(ConstraintConflicts.Between(one, other), ConstraintConflicts.Between(other, one));
            }
        }

        Assert.NotNull(ConstraintConflicts.Between("change_case:english_lowercase", "change_case:english_capital"));
        Assert.NotNull(ConstraintConflicts.Between("detectable_format:json_format", "paragraphs:paragraphs"));
        Assert.Null(ConstraintConflicts.Between("punctuation:no_comma", "keywords:existence"));
    }
}
