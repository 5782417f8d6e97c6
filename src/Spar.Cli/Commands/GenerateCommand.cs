using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Decoding;
using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;
using Spar.Judging;
using Spar.Runtime.Models;
using Spar.Runtime.Verifiers;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.Cli.Commands;

/// <summary><c>spar generate</c>: one prompt or many, one decoding strategy.</summary>
internal static class GenerateCommand
{
    private const string Help = """
        Answers one prompt, or each prompt of a file. The search strategies let the refiner judge the answer and repair it. A prompt of - is read from
        standard input. A file holds prompts in any layout that runs take, or a prompt a line; what comes out are JSON lines in the same order with
        id, prompt, response, finish_reason (length: cut off) and value (share of yes, null where nothing was judged).

        Examples:
          spar generate "write a line about the sea. use exactly 6 words."
          spar generate "write a line about the sea. make it sad." -s bfs --explain
          spar generate "write a line about the sky." --temperature 0.9 --json
          spar generate "write a line about the sky." --strategy dfs \
            --model runs/quickstart/checkpoints/actor-3 \
            --refiner runs/quickstart/checkpoints/refiner-3
          spar generate --prompts-file PROMPTS.jsonl -s restarts > answers.jsonl
          spar generate --prompts-file PROMPTS.jsonl -s bfs --verify \
            -m runs/mine/checkpoints/actor-3 \
            --refiner runs/mine/checkpoints/refiner-3 \
            --calls calls.jsonl > answers.jsonl
          echo "write a line about the farm." | spar generate -
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string?> prompt = Options.OptionalArgument(
            "prompt",
            "the instruction; - reads it from standard input"
        );
        Option<string?> file = Options.OptionalText(
            "--prompts-file",
            "file of prompts in any layout, each to be answered; - reads lines from standard input",
            "file"
        );
        Option<string> model = Shared.Model("the actor");
        Option<string?> refiner = Options.OptionalText(
            "--refiner",
            "the refiner, named like the actor (default: the actor)",
            "model"
        );
        Option<string> strategy = Options.Choice(
            "--strategy",
            "how the answer is found",
            DecodingStrategies.Names,
            DecodingStrategies.Greedy,
            "-s"
        );
        Option<string> prompts = Shared.TemplateSet();
        Option<int> samples = Options.Count(
            "--samples",
            "responses of best-of-n; responses that restarts may begin from",
            5,
            most: 10_000,
            aliases: "-n"
        );
        Option<int> votes = Shared.Votes();
        Option<ValuationMethod> valuation = Shared.Valuation();
        Option<bool> verify = Options.Flag(
            "--verify",
            "check the constraints that prompts of the file bring (instruction_id_list, kwargs) by rule: what follows "
                + "them all passes, and the refiner judges only prompts that bring none"
        );
        Option<int> maxCalls = Options.Count(
            "--max-calls",
            "most refinements and judgements of one search (iterative, bfs, dfs)",
            new SearchSettings().MaxCalls
        );
        Option<double> temperature = Options.Temperature(
            0.9,
            "the actor's samples, without a strategy of its one sample"
        );
        Option<double> topP = Options.TopP(0.9);
        Option<int> maxTokens = Options.MaxTokens(512);
        Option<bool> explain = Options.Flag(
            "--explain",
            "show the responses that were weighed, the search tree, and what changed at each step"
        );
        Option<bool> json = Shared.Json("print a JSON object instead of the bare response");
        Option<string?> calls = Options.OptionalText(
            "--calls",
            "file that keeps what the models answer, as it arrives: the same command with it goes on where it was "
                + "stopped",
            "file"
        );
        Option<ulong> seed = Options.Seed();
        Option<int> threads = Options.Threads();
        ArithmeticOptions arithmetic = new();
        Command command = new("generate", Help)
        {
            prompt,
            file,
            model,
            refiner,
            strategy,
            prompts,
            samples,
            votes,
            valuation,
            verify,
            maxCalls,
            temperature,
            topP,
            maxTokens,
            calls,
            seed,
            threads,
            explain,
            json,
        };
        arithmetic.AddTo(command);
        command.Validators.Add(result =>
        {
            bool one = result.GetResult(prompt) is { Tokens.Count: > 0 },
                many = result.GetResult(file) is not null;
            bool shown = result.GetResult(explain) is { Implicit: false };
            string? problem =
                one == many ? "give either a prompt or --prompts-file"
                : !many && result.GetResult(verify) is { Implicit: false }
                    ? "--verify checks the constraints of --prompts-file"
                : shown && (many || result.GetResult(json) is { Implicit: false })
                    ? "--explain shows one answer to people: leave out --json and --prompts-file"
                : null;
            if (problem is not null)
            {
                result.AddError($"{problem}.");
            }
        });
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string name = parse.GetValue(strategy)!;
                bool greedy = name == DecodingStrategies.Greedy,
                    samplesMany = name is "best-of-n" or "restarts";
                RefuseIdle(parse, name, !greedy, refiner, votes, valuation, verify);
                RefuseIdle(parse, name, samplesMany, samples);
                RefuseIdle(parse, name, !greedy && !samplesMany, maxCalls);
                RefuseIdle(parse, name, greedy || samplesMany, temperature, topP);
                string? path = parse.GetValue(file);
                List<InstructionPrompt>? constraints = parse.GetValue(verify) ? [] : null;
                IReadOnlyList<Prompt> given = path is not null
                    ? PromptFile.Many(path, context, constraints: constraints)
                    : [new Prompt("", PromptFile.One(parse.GetValue(prompt)!, context))];
                TemplateSet set = TemplateSet.Load(parse.GetValue(prompts)!);
                string actorPath = parse.GetValue(model)!;
                string refinerPath = parse.GetValue(refiner) ?? actorPath;
                int limit = parse.GetValue(maxTokens);
                Sampling respond = new(parse.GetValue(temperature), parse.GetValue(topP), limit);
                using ProgressLine progress = new(context);
                using AnswerFile? kept = await KeptCalls.OpenAsync(
                    parse.GetValue(calls),
                    actorPath,
                    refinerPath,
                    arithmetic.Of(parse),
                    parse.GetValue(seed),
                    cancellationToken
                );
                using IChatClient actor = await Shared.OpenAsync(
                    actorPath,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken,
                    options: arithmetic.Of(parse)
                );
                using IChatClient second = await Shared.OpenRefinerAsync(
                    actor,
                    actorPath,
                    refinerPath,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken,
                    arithmetic.Of(parse)
                );
                FinishNotes finish = new();
                using CallSession session = new(
                    parse.GetValue(seed),
                    concurrency: 64,
                    kept,
                    (answer, isKept) =>
                    {
                        finish.Note(answer);
                        progress.AddTokens(isKept ? 0 : answer.OutputTokens ?? 0);
                    }
                );
                ModelCaller caller = new(actor, session);
                bool sampled =
                    parse.GetResult(temperature) is { Implicit: false } && greedy && respond.Temperature > 0;
                IDecodingStrategy decoding = sampled
                    ? new OneSample(caller, respond)
                    : DecodingStrategies.Create(
                        name,
                        caller,
                        new ModelCaller(second, session),
                        set,
                        new DecodingSettings(
                            respond,
                            new Sampling(0.7, 1, limit),
                            new Sampling(0.7, 1, limit),
                            parse.GetValue(votes),
                            parse.GetValue(samples),
                            new SearchSettings { MaxCalls = parse.GetValue(maxCalls) }
                        ),
                        new JudgingSettings { Valuation = parse.GetValue(valuation) },
                        constraints is null ? null : new IFEvalVerifier(constraints, whole: true)
                    );
                progress.Begin("generating", given.Count > 1 ? given.Count : 0);
                if (path is not null)
                {
                    return await ManyAnswers.WriteAsync(given, decoding, finish, progress, context, cancellationToken);
                }

                Decoded decoded = await decoding.DecodeAsync("generate", given[0].Text, cancellationToken);
                progress.End();
                GeneratedAnswer answer = GeneratedAnswer.Of(null, given[0].Text, decoded, finish);
                if (parse.GetValue(json))
                {
                    context.Print(answer.ToJson() + "\n");
                }
                else
                {
                    if (parse.GetValue(explain))
                    {
                        DecodingView.Write(context.Output, decoded, session);
                    }

                    context.Output.Profile.Out.Writer.WriteLine(HarmlessText.Of(decoded.Response));
                }

                Warn(answer, decoded, limit, context);
                return ExitCode.Success;
            }
        );
        return command;
    }

    // What is given, and is of no use to the strategy, is refused.
    private static void RefuseIdle(ParseResult parse, string strategy, bool used, params Option[] options)
    {
        if (!used && options.FirstOrDefault(one => parse.GetResult(one) is { Implicit: false }) is { } idle)
        {
            throw new UsageException(
                $"{idle.Name} does nothing with --strategy {strategy}: leave it out, or give another strategy."
            );
        }
    }

    private static void Warn(GeneratedAnswer answer, Decoded decoded, int limit, CommandContext context)
    {
        if (answer.FinishReason == "length")
        {
            context.Warn(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the response is cut off: it reached --max-tokens {limit} or the end of the model's context."
                )
            );
        }

        if (answer.FinishReason == "filter")
        {
            context.Warn("the response was refused by the server's filter.");
        }
        else if (string.IsNullOrWhiteSpace(decoded.Response))
        {
            context.Warn(
                $"the response is empty{(decoded.Candidates.FirstOrDefault()?.Incomplete is { } what ? $" ({what})" : "")}."
            );
        }

        if (
            decoded.Candidates.Any(candidate => candidate.Valuation is not null)
            && decoded.Candidates.All(candidate => candidate.Valuation?.Value is null)
        )
        {
            string why = answer.Unread.Count > 0 ? $" ({ManyAnswers.Reasons(answer.Unread)})" : "";
            string example = decoded
                .Candidates.Select(candidate => candidate.Valuation?.Unreadable)
                .FirstOrDefault(text => text is not null)
                is { } text
                ? $" One of them: \"{HarmlessText.Of(text)}\"."
                : "";
            context.Warn(
                $"no judgement could be read{why}, so nothing was searched.{example} Is --prompts the prompt set that this "
                    + "refiner knows?"
            );
        }
        else if (answer.Unread.Count > 0)
        {
            context.Warn($"not all could be read on the way: {ManyAnswers.Reasons(answer.Unread)}.");
        }
    }
}
