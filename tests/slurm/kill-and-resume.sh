#!/usr/bin/env bash
# A nano run whose trainings are jobs of Slurm on two nodes, killed (SIGKILL) at random moments and gone on with each time: nothing is submitted
# twice, and the checkpoints are those of a run that was never disturbed. Needs a built solution (dotnet build -c Release) and tests/slurm/up.sh.
#   tests/slurm/kill-and-resume.sh [kills, default 6] [seed of the moments, default 1]
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-6}
RANDOM=${2:-1}
eval "$(tests/slurm/up.sh)"
spar="dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
fake=$PWD/tests/Spar.FakeTrainer/bin/Release/net10.0/Spar.FakeTrainer.dll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run() {
    $spar run tests/recipes/kill-and-resume.yaml --output "$work/$1" --json \
        --set "trainer={kind: llamafactory, template: llama3, command: [dotnet, $fake], launcher: {kind: slurm, nodes: 2, gpus_per_node: 0, poll_seconds: 0.2}}" \
        > "$work/$1.json" 2> "$work/$1.log"
}
jobs_of() { grep -ohE "is Slurm's job [0-9]+" "$work/$1/run.log" | sort -u | wc -l; }
submitted() { squeue --noheader --all --states=all --format=%j | grep -c '^spar-' || true; }

before=$(submitted)
start=$(date +%s%N)
run undisturbed || { cat "$work/undisturbed.log" >&2; exit 1; }
whole=$(( ($(date +%s%N) - start) / 1000000 ))
trainings=$(( $(submitted) - before ))
echo "undisturbed: $whole ms, $trainings jobs"
[ "$trainings" -eq "$(jobs_of undisturbed)" ]

before=$(submitted)
for ((kill = 1; kill <= kills; kill++)); do
    moment=$(( 400 + RANDOM * 32768 % 1000000007 % (whole * 3 / 2 / kills + 400) ))
    run killed 2> /dev/null &
    shell=$!
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    pid=$(pgrep -P $shell || true)
    if [ -n "$pid" ] && kill -9 $pid 2> /dev/null; then echo "kill $kill after $moment ms"; else echo "kill $kill: the run had ended"; fi
    wait $shell 2> /dev/null || true
done
run killed || { cat "$work/killed.log" >&2; exit 1; }
jobs=$(( $(submitted) - before ))
[ "$jobs" -eq "$trainings" ] || { echo "$jobs jobs were submitted for $trainings trainings" >&2; squeue --all --states=all >&2; exit 1; }
digests() { (cd "$work/$1/checkpoints" && find . -name model.safetensors -exec sha256sum {} + | sort -k 2); }
diff <(digests undisturbed) <(digests killed)
echo "after $kills kills $jobs jobs for $trainings trainings, and the same $(digests killed | wc -l) checkpoints"
