using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Engine.Chat;
using Spar.Engine.Inference;
using Spar.Engine.Tokenization;
using Spar.Ground;
using Spar.Judging;
using Spar.Nano;
using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Nano;
using Spar.Runtime.Verifiers;
using Spar.Seams;
using Spar.Templates;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>What the judges need of models and worlds: weights of words, and verifiers.</summary>
public sealed class JudgingTests
{
    private static readonly TemplateSet s_prompts = TemplateSet.Load("compact");

    [Fact]
    public async Task The_embedded_model_weighs_its_verdict()
    {
        using EmbeddedChatClient engine = EmbeddedChatClient.Load(
            Path.Combine(SharedData.ProjectRoot, "models", "nano"),
            new EngineOptions { Threads = 2 }
        );
        Tokenizer tokenizer = (Tokenizer)engine.GetService(typeof(Tokenizer))!;
        Generator generator = (Generator)engine.GetService(typeof(Generator))!;
        ChatTemplate template = ChatTemplate.For(tokenizer);
        using EmbeddedModelClient client = new(engine);
        using CallSession session = new(1, 8);
        ProbabilityJudge judge = new(new ModelCaller(client, session), s_prompts, new Sampling(0.7, 1, 400));
        int right = 0;
        NanoTask[] tasks = [.. HeldOut.Tasks(TaskForm.Line).Take(10)];
        for (int i = 0; i < tasks.Length; i++)
        {
            // Half of the responses are the teacher's, half fail.
            string response = i % 2 == 0 ? Writer.Write(tasks[i], SeededRandom.Scrambled(1)) : "a crab.";
            Valuation valuation = await judge.JudgeAsync($"r{i}", tasks[i].Instruction, response, default);
            right += Gate.Majority.Passes(valuation) == tasks[i].IsSatisfiedBy(response) ? 1 : 0;

            // The same from the log-probabilities of whole answers.
            string head = valuation.Critique![..(valuation.Critique!.LastIndexOf(' ') + 1)];
            int[] turn = tokenizer.Encode(
                template.Render(
                    [new Message("user", s_prompts.JudgePrompt(tasks[i].Instruction, response))],
                    addGenerationPrompt: true
                )
            );
            double[] yes = await generator.LogProbsAsync(turn, tokenizer.Encode(head + "yes"));
            double[] no = await generator.LogProbsAsync(turn, tokenizer.Encode(head + "no"));
            Assert.Equal(yes.Length, no.Length);
            Assert.Equal(1 / (1 + Math.Exp(no[^1] - yes[^1])), valuation.Value!.Value, 9);
        }

        Assert.InRange(right, 9, 10);
        Assert.Equal(tasks.Length, session.Calls);
    }

    [Fact]
    public void Tokens_that_a_server_reports_are_weighed()
    {
        AnswerToken[] tokens =
        [
            new("fine", []),
            new("\njudgement", []),
            new(":", []),
            new(
                " yes",
                [
                    (" yes", Math.Log(0.6)),
                    (" Yes", Math.Log(0.1)),
                    (" no", Math.Log(0.2)),
                    (" not", Math.Log(0.05)),
                    (" ", Math.Log(0.02)),
                ]
            ),
            new(".", [(".", 0)]),
        ];
        const string text = "fine\njudgement: yes.";
        IReadOnlyList<double> weights = AnswerTokens.Weigh(
            tokens,
            new Alternatives(text.IndexOf("yes", StringComparison.Ordinal), ["yes", "no"])
        )!;
        Assert.Equal([0.7, 0.2], weights.Select(Math.Exp).Select(weight => Math.Round(weight, 9)));
        weights = AnswerTokens.Weigh(
            tokens,
            new Alternatives(text.IndexOf("yes", StringComparison.Ordinal), ["yes", "maybe"])
        )!;
        Assert.Equal(double.NegativeInfinity, weights[1]);
        Assert.Null(AnswerTokens.Weigh(tokens, new Alternatives(100, ["yes", "no"])));

        // A verdict in pieces, and one that shares a token with what stands before it.
        weights = AnswerTokens.Weigh(
            [new("judgement: ", []), new("n", [("n", -0.1), ("y", -2.5)]), new("o", [])],
            new Alternatives(11, ["yes", "no"])
        )!;
        Assert.Equal([-2.5, -0.1], weights.Select(weight => Math.Round(weight, 9)));
        weights = AnswerTokens.Weigh(
            [new("judgement", []), new(":no", [(":no", -0.1), (":yes", -2.5)])],
            new Alternatives(10, ["yes", "no"])
        )!;
        Assert.Equal([-2.5, -0.1], weights.Select(weight => Math.Round(weight, 9)));
    }

    // An emoji in three tokens before the verdict, in the spellings of servers.
    [Theory]
    [InlineData("\uFFFD", "\uFFFD", "\uFFFD")]
    [InlineData("bytes:\\xf0\\x9f", "bytes:\\x99", "bytes:\\x82")]
    [InlineData("<0xF0>", "<0x9F>", "<0x99>", "<0x82>")]
    [InlineData("\uD83D", "\uDE42")]
    [InlineData("ðŁ", "Ļ", "Ĥ")]
    public void Characters_that_are_split_over_tokens_do_not_move_the_verdicts_place(params string[] emoji)
    {
        const string text = "🙂🙂 good\nFinal judgement: yes";
        (string blank, string line) = emoji[0] == "ðŁ" ? ("Ġ", "Ċ") : (" ", "\n");
        (string, double)[] top = [($"{blank}yes", Math.Log(0.7)), ($"{blank}no", Math.Log(0.2))];
        AnswerToken[] tokens =
        [
            .. emoji.Select(part => new AnswerToken(part, [])),
            .. emoji.Select(part => new AnswerToken(part, [])),
            new($"{blank}good", []),
            new(line, []),
            new("Final", []),
            new($"{blank}judgement", []),
            new(":", []),
            new($"{blank}yes", top),
        ];
        Alternatives place = new JudgementParser(TemplateSet.Load("full").Format).VerdictWords(text)!;
        IReadOnlyList<double> weights = AnswerTokens.Weigh(tokens, place, text)!;
        Assert.Equal([0.7, 0.2], weights.Select(Math.Exp).Select(weight => Math.Round(weight, 9)));

        // Bytes are what counts where the server gives them, whatever its spelling.
        byte[][] parts =
        [
            [0xF0, 0x9F],
            [0x99],
            [0x82],
        ];
        AnswerToken[] told =
        [
            .. parts.Concat(parts).Select(bytes => new AnswerToken("?", []) { Bytes = bytes }),
            new(" good\nFinal judgement:", []),
            new(" yes", [(" yes", Math.Log(0.7))]),
        ];
        Assert.Equal(0.7, Math.Exp(AnswerTokens.Weigh(told, place)![0]), 9);
    }

    [Fact]
    public void Tokens_that_are_not_the_answers_text_weigh_nothing() =>
        Assert.Null(
            AnswerTokens.Weigh(
                [new("another", []), new(" text", []), new(" yes", [(" yes", -0.1)])],
                new Alternatives(17, ["yes", "no"]),
                "Final judgement: yes"
            )
        );

    [Fact]
    public async Task A_served_judge_weighs_words()
    {
        using IChatClient judge = await ModelHosts.Create(1, 1).OpenAsync("http://localhost:8000/v1#qwen", default);
        Assert.NotNull(judge.GetService(typeof(IAlternativesClient)));
    }

    [Fact]
    public void The_nano_verifier_knows_what_it_is_told_to_know()
    {
        const string instruction = "write a line about the sea. use exactly 4 words. use the word crab.";
        NanoVerifier all = new(NanoVerifier.All),
            length = new("length"),
            include = new("include");
        Assert.Equal(VerificationOutcome.Followed, all.Verify(instruction, "the crab sleeps here.").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, all.Verify(instruction, "the fish sleeps here.").Outcome);
        Assert.Equal(VerificationOutcome.Unknown, length.Verify(instruction, "the fish sleeps here.").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, length.Verify(instruction, "the crab sleeps.").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, include.Verify(instruction, "the fish sleeps here.").Outcome);
        Assert.Equal(
            "read: the 1 crab 2 sleeps 3 .\nwords 3 need 4 bad",
            length.Verify(instruction, "the crab sleeps.").Findings
        );
        Assert.Equal(Verification.Unknown, all.Verify("name the capital of France", "Paris"));
        Assert.Contains(
            "keyword",
            Assert.Throws<SparException>(() => new NanoVerifier("lenth")).Message,
            StringComparison.Ordinal
        );
        foreach (NanoTask task in HeldOut.Tasks(TaskForm.Story).Take(50))
        {
            string response = Writer.Write(task, SeededRandom.Scrambled(3));
            Assert.Equal(
                task.IsSatisfiedBy(response),
                all.Verify(task.Instruction, response).Outcome == VerificationOutcome.Followed
            );
        }
    }

    [Fact]
    public void The_verifiers_of_ifeval_have_a_veto()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("spar-ifeval").FullName, "constraints.jsonl");
        File.WriteAllText(
            file,
            """{ "key": 1, "prompt": "name three birds", "instruction_id_list": ["punctuation:no_comma", "keywords:existence"], "kwargs": [{}, { "keywords": ["wren"] }] }"""
                + "\n"
        );
        IFEvalVerifier verifier = IFEvalVerifier.Load(file);
        Verification found = verifier.Verify("name three birds", "wren, robin, crow");
        Assert.Equal(VerificationOutcome.NotFollowed, found.Outcome);
        Assert.Matches(
            "punctuation:no_comma: the response .*: bad\nkeywords:existence: the response .*: ok",
            found.Findings
        );
        Assert.Equal(VerificationOutcome.Unknown, verifier.Verify("name three birds", "wren robin crow").Outcome);
        Assert.Equal(Verification.Unknown, verifier.Verify("name two birds", "wren, robin"));
        File.WriteAllText(
            file,
            """{ "key": 1, "prompt": "x", "instruction_id_list": ["punctuation:no_coma"], "kwargs": [{}] }""" + "\n"
        );
        Assert.Contains(
            "no_coma",
            Assert.Throws<SparException>(() => IFEvalVerifier.Load(file)).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);

        NanoVerifier nano = new(NanoVerifier.All);
        JointVerifier both = new([verifier, nano]);
        const string instruction = "write a line about the sea. use exactly 4 words.";
        Assert.Equal(VerificationOutcome.Followed, both.Verify(instruction, "the crab sleeps here.").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, both.Verify(instruction, "the crab sleeps.").Outcome);
        Assert.Equal(VerificationOutcome.NotFollowed, both.Verify("name three birds", "a, b").Outcome);
    }
}
