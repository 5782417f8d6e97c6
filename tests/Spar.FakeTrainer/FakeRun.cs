using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Engine.Checkpoints;
using Spar.Runtime.Embedded;
using Spar.Seams;

namespace Spar.FakeTrainer;

/// <summary>
/// Runs a job as the plan says: the file that SPAR_FAKE_PLAN names has a line a start, and each start takes the first
/// away. Without a line left it trains. The lines:
/// train; quick (the start model's weights, no training); oom; traceback; hang; drop N; half; stop N (killed after step
/// N); torn N (stop, with a last checkpoint half-written); wait FILE (quick, ends when there is the file).
/// </summary>
internal sealed class FakeRun(FakeJob job)
{
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    private string Log => Path.Combine(job.Output, "trainer_log.jsonl");

    private readonly JsonArray _history = [];

    public async Task<int> RunAsync()
    {
        int nodes = Environment("NNODES", 1), rank = Environment("NODE_RANK", 0);
        if (nodes > 1)
        {
            await MeetAsync(nodes, rank);
            Console.WriteLine($"rank {rank} of {nodes} has met the others");
            if (rank > 0)
            {
                return 0;
            }
        }

        string[] plan = Take().Split(' ', 2);
        if (job.UnknownKey is { } unknown)
        {
            return Traceback($"ValueError: Some keys are not used by the HfArgumentParser: ['{unknown}']");
        }

        if (plan[0] == "traceback")
        {
            return Traceback("ValueError: Undefined dataset nosuch in dataset_info.json.");
        }

        int dropped = plan[0] == "drop" ? int.Parse(plan[1], s_culture) : 0;
        for (int i = 0; i < dropped; i++)
        {
            string row = (job.Rows[i][job.IsLlamaFactory ? "messages" : "prompt"] ?? "[]").ToJsonString();
            Console.WriteLine($"[WARNING|2026-11-29 07:00:00] llamafactory.data.converter:148 >> Dropped invalid example: {row}");
        }

        Directory.CreateDirectory(job.Output);
        int from = job.Resume is null ? 0 : int.Parse(job.Resume[(job.Resume.LastIndexOf('-') + 1)..], s_culture);
        if (job.Resume is not null)
        {
            Console.WriteLine($"Resuming training from {job.Resume}.");
            foreach (JsonNode? entry in JsonNode.Parse(
                File.ReadAllText(Path.Combine(job.Resume, "trainer_state.json")))!["log_history"]!.AsArray())
            {
                _history.Add(entry!.DeepClone());
            }
        }

        File.Delete(Log);
        Console.WriteLine("[INFO|trainer.py:2409] 2026-11-29 07:00:01 >> ***** Running training *****");
        Console.WriteLine($"[INFO|trainer.py:2410] 2026-11-29 07:00:01 >>   Num examples = {(job.Rows.Count - dropped).ToString("N0", s_culture)}");
        int world = nodes * Math.Max(1, Environment("NPROC_PER_NODE", 1));
        TrainingData data = job.Data(world);
        int steps = (int)Math.Ceiling(Math.Ceiling(data.Count / (double)data.Common.BatchSize) * data.Common.Epochs);
        switch (plan[0])
        {
            case "oom":
                Step(1, steps, 2.5, 0, null);
                return Traceback(
                    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
                    + "79.10 GiB of which 1.20 GiB is free.");
            case "hang":
                Step(1, steps, 2.5, 0, null);
                await Task.Delay(Timeout.Infinite);
                return 0;
            case "stop" or "torn":
                int last = int.Parse(plan[1], s_culture);
                for (int step = from + 1; step <= last; step++)
                {
                    Step(step, steps, 2.5 - (0.1 * step), 1e-5, null);
                    Save(step);
                }

                if (plan[0] == "torn")
                {
                    using FileStream weights = File.OpenWrite(
                        Path.Combine(job.Output, $"checkpoint-{last}", "model.safetensors"));
                    weights.SetLength(weights.Length / 2);
                }

                return 1;
            case "quick" or "wait" or "half" or "drop":
                CopyModel(job.Output);
                for (int step = from + 1; step <= steps; step++)
                {
                    Step(step, steps, 2.5 - (0.1 * step), 1e-5, job.Preference ? 0.5 : null);
                }

                break;
            default:
                await TrainAsync(data, from);
                break;
        }

        while (plan[0] == "wait" && !File.Exists(plan[1]))
        {
            await Task.Delay(20);
        }

        Finish(steps);
        if (plan[0] == "half")
        {
            string weights = Path.Combine(job.Output, "model.safetensors");
            File.Move(weights, Path.Combine(job.Output, "model-00001-of-00002.safetensors"));
            File.WriteAllText(
                Path.Combine(job.Output, "model.safetensors.index.json"),
                """{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}""");
        }

        return 0;
    }

    private async Task TrainAsync(TrainingData data, int from)
    {
        string trained = job.Output + ".trained";
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(
            new TrainingJob(job.Model, trained, data, (ulong)job.Whole("seed", 1)),
            new OnStep(step =>
            {
                if (step.Step > from)
                {
                    Step(step.Step, step.Steps, step.Loss, step.LearningRate, step.RewardAccuracy, step.RewardMargin);
                    if (job.Whole("save_steps", 0) is > 0 and int every && step.Step % every == 0)
                    {
                        Save(step.Step);
                    }
                }
            }),
            CancellationToken.None);
        foreach (string file in Directory.GetFiles(report.Model))
        {
            File.Move(file, Path.Combine(job.Output, Path.GetFileName(file)), overwrite: true);
        }

        Directory.Delete(trained, recursive: true);
    }

    // A line of trainer_log.jsonl as the real one writes it.
    private void Step(int step, int steps, double loss, double rate, double? accuracy, double? margin = null)
    {
        JsonObject line = new() { ["current_steps"] = step, ["total_steps"] = steps, ["loss"] = loss };
        JsonObject entry = new() { ["step"] = step, ["loss"] = loss, ["learning_rate"] = rate };
        if (accuracy is not null)
        {
            line["accuracy"] = accuracy;
            entry["rewards/accuracies"] = accuracy;
            entry["rewards/margins"] = margin ?? 0;
        }

        line["lr"] = rate;
        line["percentage"] = Math.Round(100.0 * step / steps, 2);
        line["elapsed_time"] = "0:00:00";
        line["remaining_time"] = "0:00:00";
        File.AppendAllText(Log, line.ToJsonString() + "\n");
        _history.Add(entry);
    }

    private void Save(int step)
    {
        string folder = Path.Combine(job.Output, $"checkpoint-{step.ToString(s_culture)}");
        CopyModel(folder);
        if (job.Settings.GetValueOrDefault("save_only_model") != "true")
        {
            File.WriteAllText(Path.Combine(folder, "optimizer.pt"), "moments");
        }

        File.WriteAllText(
            Path.Combine(folder, "trainer_state.json"),
            new JsonObject { ["global_step"] = step, ["log_history"] = _history.DeepClone() }.ToJsonString());
    }

    private void Finish(int steps)
    {
        File.AppendAllText(
            Log, new JsonObject { ["current_steps"] = steps, ["total_steps"] = steps, ["epoch"] = 1.0 }.ToJsonString() + "\n");
        Write("all_results.json", new JsonObject { ["epoch"] = 1.0, ["train_loss"] = 1.0 });
        Write("train_results.json", new JsonObject { ["epoch"] = 1.0, ["train_loss"] = 1.0 });
        Write("trainer_state.json", new JsonObject
        {
            ["global_step"] = steps,
            ["max_steps"] = steps,
            ["log_history"] = _history.DeepClone(),
        });
        File.WriteAllText(Path.Combine(job.Output, "training_args.bin"), "arguments");
        File.WriteAllText(Path.Combine(job.Output, "README.md"), "# a card of the trainer's own\n");
        Console.WriteLine("***** train metrics *****");

        void Write(string name, JsonObject value) =>
            File.WriteAllText(Path.Combine(job.Output, name), value.ToJsonString());
    }

    private void CopyModel(string folder)
    {
        Directory.CreateDirectory(folder);
        Checkpoint model = Checkpoint.Load(job.Model);
        Checkpoint.Save(folder, model.Config, model.Tensors, tokenizerSource: Checkpoint.TokenizerFolder(job.Model));
    }

    private static int Traceback(string last)
    {
        Console.Error.WriteLine(
            "Traceback (most recent call last):\n  File \"/usr/bin/llamafactory-cli\", line 6, in <module>\n"
            + "    sys.exit(main())\n             ^^^^^^\n  File \"/usr/lib/llamafactory/train/tuner.py\", line 110, in run_exp\n"
            + $"    raise ValueError(message)\n{last}\n");
        return 1;
    }

    private static string Take()
    {
        if (System.Environment.GetEnvironmentVariable("SPAR_FAKE_PLAN") is not { } path || !File.Exists(path))
        {
            return "train";
        }

        string[] lines = File.ReadAllLines(path);
        File.WriteAllLines(path, lines.Skip(1));
        return lines.FirstOrDefault() ?? "train";
    }

    // The rendezvous of torchrun: all meet at the first node's port.
    private static async Task MeetAsync(int nodes, int rank)
    {
        string address = System.Environment.GetEnvironmentVariable("MASTER_ADDR") ?? "127.0.0.1";
        int port = Environment("MASTER_PORT", 29500);
        if (rank == 0)
        {
            TcpListener listener = new(IPAddress.Any, port);
            listener.Start();
            for (int i = 1; i < nodes; i++)
            {
                (await listener.AcceptTcpClientAsync()).Dispose();
            }

            listener.Stop();
            return;
        }

        while (true)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(address, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }
    }

    private static int Environment(string name, int otherwise) =>
        int.TryParse(System.Environment.GetEnvironmentVariable(name), s_culture, out int value) ? value : otherwise;

    private sealed class OnStep(Action<TrainingStep> taken) : ITrainingProgress
    {
        public void StepTaken(TrainingStep step) => taken(step);
    }
}
