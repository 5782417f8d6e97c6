"""Runs a benchmark and its peer by turns and prints the best of each, and the median of the turns' ratios: a machine's speed changes between turns.
A training's turn is one step of each side, both of which stay in memory.

    python3 bench/compare.py decode MODEL.gguf LLAMA [rounded]
    python3 bench/compare.py train-nano
    python3 bench/compare.py train-135m
    python3 bench/compare.py generate-nano

LLAMA is a folder into which llama.cpp was installed: npm install --ignore-scripts --prefix LLAMA @node-llama-cpp/linux-x64. The other peer is
PyTorch, from Debian's python3-torch and libopenblas0-pthread. Build first: dotnet build -c Release. --rounds N (default 3; 40 for train-nano, 5 for
train-135m), --threads N (default 2).
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

BENCH = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"^(.+?)\s{2,}([\d.]+) (tokens/s|s)\b")

# The variables that pick OpenBLAS' kernels are unset, so that the peer is at its best.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
ROUNDS = {"train-nano": 40, "train-135m": 5}
TRAINING_CASES = 4  # of spar
PEER_CASES = 3  # of the peer: the first ones


def figures(output):
    return {match[1]: (float(match[2]), match[3]) for match in map(LINE.match, output.splitlines()) if match}


def measure(command):
    print("  " + " ".join(command[:4]), file=sys.stderr, flush=True)
    return figures(subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def alternate(commands, rounds):
    """Turns of single steps: both sides run all the time, and one waits for the other."""
    sides = [subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands]

    def step(side, case):
        try:
            side.stdin.write(f"{case}\n")
            side.stdin.flush()
            figure = figures(side.stdout.readline())
        except BrokenPipeError:
            figure = {}
        return figure or sys.exit(f"'{' '.join(side.args)}' ended before its turn; run it by itself to see why")

    turns = [({}, {}) for _ in range(rounds)]
    for case in range(TRAINING_CASES):
        print(f"  case {case + 1} of {TRAINING_CASES}, {rounds} turns", file=sys.stderr, flush=True)
        for turn in range(-1, rounds):  # the first warms up
            for index, side in enumerate(sides if case < PEER_CASES else sides[:1]):
                figure = step(side, case)
                if turn >= 0:
                    turns[turn][index].update(figure)
    for side in sides:
        side.communicate()
    return turns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="+")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", default="2")
    arguments = parser.parse_args()
    name, *rest = arguments.work
    python = "/usr/bin/python3"
    peers = {
        "decode": ["llama.cpp/decode.py", *reversed(rest[:2])],
        "train-nano": ["pytorch/train.py", "nano"],
        "train-135m": ["pytorch/train.py", "135m"],
        "generate-nano": ["pytorch/generate_nano.py"],
    }
    if name not in peers or (name == "decode" and len(rest) < 2):
        parser.error("give one of the commands above")
    script, *options = peers[name]
    theirs = [python, os.path.join(BENCH, script), *options, arguments.threads]
    ours = [os.path.join(BENCH, "Spar.Bench/bin/Release/net10.0/Spar.Bench"), name, *rest[:1], arguments.threads, *rest[2:]]
    rounds = arguments.rounds or ROUNDS.get(name, 3)
    turns = alternate([ours, theirs], rounds) if name in ROUNDS else [(measure(ours), measure(theirs)) for _ in range(rounds)]
    print(f"| {name} | unit | spar | peer | ratio |\n| --- | --- | ---: | ---: | ---: |")
    for case, (_, unit) in turns[0][0].items():
        best = min if unit == "s" else max
        row = [case, unit, f"{best(mine[case][0] for mine, _ in turns):,.1f}", "", ""]
        if case in turns[0][1]:
            pairs = [(mine[case][0], peer[case][0]) for mine, peer in turns]
            row[3] = f"{best(there for _, there in pairs):,.1f}"
            row[4] = f"{statistics.median(there / here if unit == 's' else here / there for here, there in pairs):.2f}"
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
