"""Runs a benchmark and its peer by turns and prints the best of each, and the median of the turns' ratios: a machine's speed changes between turns.
A training's turn is one step of spar and one in each setting of the peer, both of which stay in memory.

    python3 bench/compare.py decode MODEL.gguf LLAMA [rounded|bfloat16]
    python3 bench/compare.py train-nano
    python3 bench/compare.py train-135m
    python3 bench/compare.py generate-nano

LLAMA is a folder into which llama.cpp was installed: npm install --ignore-scripts --prefix LLAMA @node-llama-cpp/linux-x64. The other peer is LibTorch,
with float32 and with bfloat16, and with attention by products and a softmax (eager) and by its own operator (fused): a row for each type, with the attention
that is faster there. Build first:

    dotnet build -c Release
    dotnet build -c Release bench/LibTorch

--rounds N (default 3; 40 for train-nano, 5 for train-135m), --threads N (default 2), --settings "fp32 fused,bf16 eager" (of a training; default all four).
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

BENCH = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"^(.+?)(?:; ((?:fp32|bf16) \w+))?\s{2,}([\d.]+) (tokens/s|s)\b")
LIBTORCH = os.path.join(BENCH, "LibTorch/bin/Release/net10.0")
SETTINGS = "fp32 eager,fp32 fused,bf16 eager,bf16 fused"
INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
ROUNDS = {"train-nano": 40, "train-135m": 5}
TRAINING_CASES = 4  # of spar, in each of its types
PEER_CASES = 3  # of the peer: the first ones
TYPES = 2  # of spar: fp32, bf16
WARM_UP = 10  # more steps of spar before the turns: .NET compiles for good what has run some thirty times


def machine(threads):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    name, family, model, flags = (re.search(rf"^{key}\s*: (.*)$", text, re.M)[1] for key in ("model name", "cpu family", "model", "flags"))
    return f"{name}, family {family}, model {model}: {' '.join(i for i in INSTRUCTIONS if i in flags.split())}; {threads} threads"


def libtorch_environment():
    """LibTorch at its best: memory is kept and lies in huge pages, and MKL takes its fast kernels on every processor."""
    library = os.path.join(LIBTORCH, "libmkl_any_processor.so")
    environment = dict(os.environ)
    environment["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=17179869184:glibc.malloc.trim_threshold=17179869184"
    if os.path.exists(library):
        environment["LD_PRELOAD"] = library
    else:
        print(f"{library} is missing: without a C compiler the peer is slower than it could be on AMD's processors", file=sys.stderr)
    return environment


def figures(output):
    """(case, setting): (value, unit); the setting is empty where there is but one."""
    return {(match[1], match[2] or ""): (float(match[3]), match[4]) for match in map(LINE.match, output.splitlines()) if match}


def measure(command, environment):
    print("  " + " ".join(command[:4]), file=sys.stderr, flush=True)
    return figures(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def alternate(commands, environments, rounds, settings):
    """Turns of single steps: both sides run all the time, and one waits for the other; each case in processes of its own."""
    turns = [({}, {}) for _ in range(rounds)]
    for case in range(TRAINING_CASES):
        sides = [
            subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for command, environment in zip(commands, environments)
        ]
        print(f"  case {case + 1} of {TRAINING_CASES}, {rounds} turns", file=sys.stderr, flush=True)
        requests = [(0, case + (i * TRAINING_CASES)) for i in range(TYPES)]
        requests += [(1, f"{case} {setting}") for setting in settings if case < PEER_CASES]
        for request in WARM_UP * requests[:TYPES]:
            step(sides[request[0]], request[1])
        for turn in range(-1, rounds):  # the first warms up
            for index, request in requests:
                figure = step(sides[index], request)
                if turn >= 0:
                    turns[turn][index].update(figure)
        for side in sides:
            side.communicate()
    return turns


def step(side, request):
    try:
        side.stdin.write(f"{request}\n")
        side.stdin.flush()
        figure = figures(side.stdout.readline())
    except BrokenPipeError:
        figure = {}
    return figure or sys.exit(f"'{' '.join(side.args)}' ended before its turn; run it by itself to see why")


def rows(turns, peer):
    """A row for each case and each type of the peer, with the setting of that type that leaves spar the smallest ratio, beside spar in that type."""
    for (case, own), (_, unit) in turns[0][0].items():
        best = min if unit == "s" else max
        ours = [mine[case, own][0] for mine, _ in turns]
        kinds = {}
        for name, setting in turns[0][1]:
            if name == case and own.split(" ")[0] in ("", setting.split(" ")[0]):
                theirs = [other[case, setting][0] for _, other in turns]
                ratio = statistics.median(there / here if unit == "s" else here / there for here, there in zip(ours, theirs))
                kinds.setdefault(setting.split(" ")[0], []).append((ratio, f"{peer} {setting}".strip(), f"{best(theirs):,.1f}"))
        start = [case, unit, own.removesuffix(" spar"), f"{best(ours):,.1f}"]
        for ratio, setting, figure in map(min, kinds.values()):
            yield [*start, setting, figure, f"{ratio:.2f}"]
        if not kinds:
            yield [*start, "", "", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="+")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--settings", default=SETTINGS)
    arguments = parser.parse_args()
    name, *rest = arguments.work
    settings = arguments.settings.split(",")
    peers = {
        "decode": ["/usr/bin/python3", os.path.join(BENCH, "llama.cpp/decode.py"), *reversed(rest[:2])],
        "train-nano": [os.path.join(LIBTORCH, "LibTorchPeer"), "train", "nano"],
        "train-135m": [os.path.join(LIBTORCH, "LibTorchPeer"), "train", "135m"],
        "generate-nano": [os.path.join(LIBTORCH, "LibTorchPeer"), "generate"],
    }
    if name not in peers or (name == "decode" and len(rest) < 2) or not set(settings) <= set(SETTINGS.split(",")):
        parser.error("give one of the commands above")
    theirs = [*peers[name], arguments.threads]
    ours = [os.path.join(BENCH, "Spar.Bench/bin/Release/net10.0/Spar.Bench"), name, *rest[:1], arguments.threads, *rest[2:]]
    environment = None if name == "decode" else libtorch_environment()
    rounds = arguments.rounds or ROUNDS.get(name, 3)
    if name in ROUNDS:
        turns = alternate([ours, theirs], [None, environment], rounds, settings)
    else:
        turns = [(measure(ours, None), measure(theirs, environment)) for _ in range(rounds)]
    print(f"{machine(arguments.threads)}; {rounds} turns\n")
    print(f"| {name} | unit | | spar | peer | | ratio |\n| --- | --- | --- | ---: | --- | ---: | ---: |")
    for row in rows(turns, "llama.cpp" if name == "decode" else "LibTorch"):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
