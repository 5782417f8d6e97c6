using Spar.Bench;

int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
switch (args.FirstOrDefault())
{
    case "gemm":
        GemmBench.Run(threads);
        return 0;
    case "generate-nano":
        GenerateNano.Run(threads);
        return 0;
    case "train-nano":
        TrainBench.Run(threads);
        return 0;
    default:
        Console.Error.WriteLine("usage: Spar.Bench (gemm | generate-nano | train-nano) [threads]");
        return 1;
}
