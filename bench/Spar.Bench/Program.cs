using Spar.Bench;

if (args.FirstOrDefault() == "decode" && args.Length > 1)
{
    DecodeBench.Run(args[1], args.Skip(2).Where(arg => arg != "exact").Select(int.Parse).FirstOrDefault(Environment.ProcessorCount), args.Contains("exact"));
    return 0;
}

int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
int steps = args.Length > 2 ? int.Parse(args[2]) : 8;
switch (args.FirstOrDefault())
{
    case "gemm":
        GemmBench.Run(threads);
        return 0;
    case "generate-nano":
        GenerateNano.Run(threads);
        return 0;
    case "train-nano":
        TrainBench.Run(threads, steps);
        return 0;
    default:
        Console.Error.WriteLine("usage: Spar.Bench (decode MODEL [threads] [exact] | gemm [threads] | generate-nano [threads] | train-nano [threads [steps]])");
        return 1;
}
