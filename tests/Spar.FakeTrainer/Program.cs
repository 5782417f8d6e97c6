using Spar.FakeTrainer;

// A stand-in for LLaMA-Factory's and TRL's programs: the same arguments, files, log lines and failures, as they were
// recorded of the real ones, and real training by the embedded engine.
//   fake train CONFIG.yaml [key=value ...]      as llamafactory-cli
//   fake [-m torch.distributed.run ...] train.py JOB.json [CHECKPOINT]      as python3 with TRL
return args switch
{
    ["version", ..] => Say("| LLaMA Factory, version 0.9.5 (stand-in) |"),
    ["-c", ..] => Say("1.16.0"),
    ["train", string config, .. string[] settings] => await new FakeRun(FakeJob.OfYaml(config, settings)).RunAsync(),
    _ when Array.FindIndex(args, one => one.EndsWith(".py", StringComparison.Ordinal)) is >= 0 and int script =>
        await new FakeRun(FakeJob.OfJson(args[script + 1], args.ElementAtOrDefault(script + 2))).RunAsync(),
    _ => Say($"unknown arguments: {string.Join(' ', args)}", 2),
};

static int Say(string text, int code = 0)
{
    Console.WriteLine(text);
    return code;
}
