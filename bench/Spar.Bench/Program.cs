using Spar.Bench;
using Spar.Engine.Tensors;

switch (args)
{
    case ["score-ifeval", string data]:
        ScoreIFEval.Run(data);
        return 0;
    case ["ifbench", string data]:
        ScoreIFBench.Run(data);
        return 0;
    case ["fuzz-checks", string data, .. string[] sizes]:
        int[] numbers = [.. sizes.Select(int.Parse)];
        FuzzVerifiers.Run(
            data,
            numbers.ElementAtOrDefault(0) is int responses and > 0 ? responses : 20_000,
            numbers.ElementAtOrDefault(1) is int length and > 0 ? length : 1_000_000,
            numbers.ElementAtOrDefault(2) is int floods and > 0 ? floods : 60,
            numbers.ElementAtOrDefault(3)
        );
        return 0;
    case ["contamination", string file, string keepAway]:
        ContaminationBench.Run(file, keepAway);
        return 0;
    case ["fleet", .. string[] settings]:
        await FleetBench.RunAsync(settings);
        return 0;
    case ["play", .. string[] settings]:
        await PlayBench.RunAsync(settings);
        return 0;
    case ["dashboard", string directory, .. string[] rest]:
        await DashboardBench.RunAsync(
            directory,
            rest.Length > 0 ? int.Parse(rest[0]) : 1_000_000,
            rest.ElementAtOrDefault(1) ?? "/usr/bin/chromium"
        );
        return 0;
    case ["pictures", string run, string folder]:
        await DashboardPictures.RunAsync(run, folder);
        return 0;
    case ["refine", string model, string texts, .. string[] rest]:
        await RefineBench.RunAsync(
            model,
            texts,
            rest.Length > 0 ? int.Parse(rest[0]) : 20,
            rest.Length > 1 ? float.Parse(rest[1], System.Globalization.CultureInfo.InvariantCulture) : 0,
            rest.Length > 2 ? int.Parse(rest[2]) : 0);
        return 0;
    case ["ranks", string kind, string shape, string each, string batches, string steps]:
        TrainBench.RunRanks(kind, shape, int.Parse(each), int.Parse(batches), int.Parse(steps));
        return 0;
    case ["emitted"]:
        return EmittedBench.Run();
    case ["decode", string model, .. string[] rest]:
        DecodeBench.Run(
            model,
            rest.Except(["rounded", "bfloat16"]).Select(int.Parse).FirstOrDefault(Environment.ProcessorCount),
            rest.Contains("rounded"),
            rest.Contains("bfloat16") ? DType.BFloat16 : DType.Float32
        );
        return 0;
}

int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
switch (args.FirstOrDefault())
{
    case "gemm":
        GemmBench.Run(threads);
        return 0;
    case "generate-nano":
        GenerateNano.Run(threads, DType.Float32);
        GenerateNano.Run(threads, DType.BFloat16);
        return 0;
    case "train-nano":
        TrainBench.RunNano(threads);
        return 0;
    case "train-135m":
        TrainBench.Run135M(threads, args[Math.Min(2, args.Length)..]);
        return 0;
    default:
        Console.Error.WriteLine(
            """
            usage: Spar.Bench COMMAND
              gemm [threads]
              generate-nano [threads]
              decode MODEL [threads] [rounded|bfloat16]
              emitted                         kernels of machine code made at start, beside the engine's
              refine MODEL TEXTS [count [temperature [rows]]]
              ranks sft|dpo|lora nano|135m THREADS BATCHES STEPS    under mpirun; see bench/ranks.sh
              train-nano [threads]            a step for every line of standard input: 0 SFT, 1 SFT on responses, 2 DPO, 3 SFT of an adapter; 4 to 7 in bfloat16
              train-135m [threads [rows=N] [tokens=N] [memory=MIB]]   likewise; what a batch leaves for its backward pass may take that memory
              dashboard DIRECTORY [calls [chromium]]   makes a store where none is, and looks at it
              pictures RUN FOLDER             of dashboard and report, as docs/images has them
              fleet [prompts=N] [concurrency=N] [servers=N] [faults=PLAN] [latency=MS] [token=MS] [tokens=N] [slots=N] [fixed=N]
                    [yes=SHARE] [branch=N] [depth=N] [votes=N] [n=0] [deadline=S] [delay=MS]
              play [prompts=N] [concurrency=N] [responses=N] [votes=N] [branch=N] [depth=N] [yes=SHARE] [words=N] [quota=N] [directory=DIR]
              score-ifeval DATA
              ifbench DATA
              contamination PROMPTS BENCHMARK_PROMPTS
              fuzz-checks DATA [responses [flood-length [floods [seed]]]]
            """
        );
        return 1;
}
