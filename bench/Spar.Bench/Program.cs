using Spar.Bench;

switch (args)
{
    case ["score-ifeval", string data]:
        ScoreIFEval.Run(data);
        return 0;
    case ["decode", string model, .. string[] rest]:
        DecodeBench.Run(model, rest.Where(arg => arg != "rounded").Select(int.Parse).FirstOrDefault(Environment.ProcessorCount), rest.Contains("rounded"));
        return 0;
}

int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
int steps = args.Length > 2 ? int.Parse(args[2]) : args is ["train-135m", ..] ? 3 : 8;
switch (args.FirstOrDefault())
{
    case "gemm":
        GemmBench.Run(threads);
        return 0;
    case "generate-nano":
        GenerateNano.Run(threads);
        return 0;
    case "train-nano":
        TrainBench.RunNano(threads, steps);
        return 0;
    case "train-135m":
        TrainBench.Run135M(threads, steps, args.Length > 3 ? int.Parse(args[3]) : 512);
        return 0;
    default:
        Console.Error.WriteLine("""
            usage: Spar.Bench COMMAND
              gemm [threads]
              generate-nano [threads]
              decode MODEL [threads] [rounded]
              train-nano [threads [steps]]
              train-135m [threads [steps [tokens]]]
              score-ifeval DATA
            """);
        return 1;
}
