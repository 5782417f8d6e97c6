#!/usr/bin/env python3
"""How right 'spar run --dry-run' is: plans runs of different shape, makes them, and prints a table of errors.

    bench/dry_run.py [name ...]        needs a built solution (dotnet build -c Release) and nothing else
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPAR = ["dotnet", os.path.join(ROOT, "src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll")]
SMALL = ["sft_prompts=120", "refiner_prompts=120", "prompts_per_iteration=200", "nano.held_out_prompts=150",
         "nano.held_out_repairs=50"]
RUNS = {
    "bfs, 2 iterations": ["iterations=2"],
    "dfs, 3 votes": ["iterations=1", "search.order=dfs", "votes=3"],
    "adaptive votes, branch 5": ["iterations=1", "judging.valuation=adaptive", "search.branch=5"],
    "self-rewarding, 2 iterations": ["iterations=2", "method=self_rewarding"],
    "one refinement, stories": ["iterations=1", "refinement=single", "nano.stories=0.3"],
    "autoif": ["iterations=1", "method=autoif"],
}


def spar(*arguments):
    result = subprocess.run([*SPAR, "run", "quickstart", "--json", "--quiet", *arguments], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    return json.loads(result.stdout)


errors = {"calls": [], "tokens": [], "time": []}
print("| run | calls planned | made | tokens planned | made | time planned | taken |\n| --- | --- | --- | --- | --- | --- | --- |")
for name, settings in RUNS.items():
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    given = [word for setting in SMALL + settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as work:
        total = spar(*given, "--dry-run")["total"]
        run = spar(*given, "--output", os.path.join(work, "run"))
    pairs = {"calls": (total["calls"], run["modelCalls"]), "tokens": (total["outputTokens"], run["generatedTokens"]),
             "time": (total["seconds"], run["wallSeconds"])}
    cells = []
    for what, (planned, real) in pairs.items():
        error = planned["value"] / real - 1
        errors[what].append(abs(error))
        unit = " s" if what == "time" else ""
        cells.append(f"{planned['value']:,.0f}{unit} ({error:+.0%}) | {real:,.0f}{unit}")
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
print("\nMedian error: " + ", ".join(f"{what} {statistics.median(values):.1%}" for what, values in errors.items()))
