#!/usr/bin/env bash
# Runs a recipe with several seeds, one after the other, and prints their tables and the mean as Markdown (needs python3 for the table).
#   bench/seeds.sh recipes/quickstart.yaml 1 2 3
set -euo pipefail
recipe=$1
shift
name=$(basename "$recipe" .yaml)
dotnet build -c Release src/Spar.Cli -v quiet --nologo >&2
for seed in "$@"; do
    dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll run "$recipe" --seed "$seed" >&2
done
python3 - "$name" "$@" <<'PY'
import json, sys
from statistics import mean
name, seeds = sys.argv[1], sys.argv[2:]
runs = [json.load(open(f"runs/{name}-seed{seed}/results.json")) for seed in seeds]
columns = [("heldOutPrompt", "prompts satisfied"), ("heldOutInstruction", "single instructions"), ("heldOutPromptSearch", "with tree search"),
           ("judgeAccuracy", "judge accuracy"), ("refineSuccess", "refinement success")]
def table(rows):
    print("| stage | " + " | ".join(title for _, title in columns) + " |\n|" + " --- |" * (len(columns) + 1))
    for row in rows:
        print(f"| {row['stage']} | " + " | ".join(f"{100 * row[key]:.1f}" for key, _ in columns) + " |")
    print()
for seed, run in zip(seeds, runs):
    print(f"Seed {seed}: {run['wallSeconds']:.0f} s, {run['modelCalls']} model calls, {run['generatedTokens'] / 1e6:.1f} M tokens generated, {run['rows'][0]['heldOutCount']} held-out prompts\n")
    table(run["rows"])
print(f"Mean of {len(runs)} seeds\n")
table([{"stage": rows[0]["stage"], **{key: sum(row[key] for row in rows) / len(rows) for key, _ in columns}} for rows in zip(*(run["rows"] for run in runs))])
if all("calibration" in run for run in runs):
    print("The judge in play against verifiers, mean of the seeds\n")
    figures = [("accuracy", lambda c: c["responses"].get("accuracy", 0)), ("wrong ones accepted", lambda c: c["responses"].get("falseAcceptRate", 0)),
               ("wrong among chosen", lambda c: c.get("chosenFalseAcceptRate", 0)), ("success, self-judged", lambda c: c.get("selfJudgedSuccess", 0)),
               ("success, verified", lambda c: c.get("verifiedSuccess", 0)), ("calibration error", lambda c: c["reliability"].get("expectedCalibrationError", 0))]
    print("| iteration | " + " | ".join(title for title, _ in figures) + " |\n|" + " --- |" * (len(figures) + 1))
    for calibrations in zip(*(run["calibration"] for run in runs)):
        print(f"| {calibrations[0]['iteration']} | " + " | ".join(f"{100 * mean([figure(c) for c in calibrations]):.1f}" for _, figure in figures) + " |")
PY
