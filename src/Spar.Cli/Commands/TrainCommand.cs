using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runtime.Mpi;
using Spar.Runtime.Trainers;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar train</c>: one rank of a training that several processes share.</summary>
internal static class TrainCommand
{
    private const string Help = """
        Takes part in a training that several processes share: what mpirun or srun starts, once for each of trainer.ranks
        ('mpirun -n 4 spar train FOLDER', 'srun --mpi=pmix -n 4 spar train FOLDER'). 'spar run' writes the folder,
        checkpoints/STAGE.training of the run directory, and starts the ranks by itself; by hand it is the same training.
        The checkpoint has the bytes of a training in one process.

        Examples:
          spar train runs/quickstart/checkpoints/actor-1.training
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "the training's folder");
        Command command = new("train", Help) { folder };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string path = Path.GetFullPath(parse.GetValue(folder)!);
            RankedTraining training = RankedTraining.Read(path);
            using MpiRanks? ranks = MpiRanks.Join();
            try
            {
                await training.RunAsync(path, ranks, context.Time, context.Say, cancellationToken);
                return ExitCode.Success;
            }
            catch (Exception fault) when (ranks is { Count: > 1 } && fault is not OperationCanceledException)
            {
                // The others wait for this one, and would wait for ever.
                string words = Faults.Message(fault) ?? $"{fault.GetType().Name}: {fault.Message} {Faults.Trace(fault, context.Time)}";
                context.Messages.WriteLine(RankedTraining.LastWords(ranks.Rank, words));
                ranks.Abort(Faults.Message(fault) is null ? ExitCode.Defect : ExitCode.Fault);
                throw;
            }
        });
        return command;
    }
}
