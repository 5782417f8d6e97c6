using System.Globalization;
using LibTorchPeer;
using static TorchSharp.torch;

if (args is not ["train" or "check", "nano" or "135m", _] and not ["check", "generate", _] and not ["generate", _])
{
    Console.Error.WriteLine(
        """
        LibTorch at what Spar.Bench times.

            LibTorchPeer train nano|135m THREADS    a step for every line of standard input: "0 fp32 eager"
            LibTorchPeer check nano|135m THREADS    losses at the start, and as steps are taken
            LibTorchPeer generate THREADS
            LibTorchPeer check generate THREADS     logits token by token against those of all tokens at once
        """
    );
    return 2;
}

set_num_threads(int.Parse(args[^1], CultureInfo.InvariantCulture));
set_num_interop_threads(1);
switch (args[0])
{
    case "train":
        new Training(args[1]).Serve();
        break;
    case "check" when args[1] == "generate":
        Generation.Check();
        break;
    case "check":
        new Training(args[1]).Check();
        break;
    default:
        Generation.Run();
        break;
}
return 0;
