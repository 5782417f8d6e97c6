#!/usr/bin/env bash
# A nano run that submits its own play as an array of 4 shards, and its trainings as jobs, to the two nodes of tests/slurm/up.sh. One task is
# cancelled in its midst, one put back into the queue, one node drained, and the controller (spar run) is killed (SIGKILL) again and again and
# started anew: nothing is submitted twice, each iteration's first training waits in the queue for its array, and exports and checkpoints are
# those of a run in one process. Needs a built solution (dotnet build -c Release).
#   tests/slurm/array.sh [kills, default 4] [seed of the moments, default 1]
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-4}
RANDOM=${2:-1}
eval "$(tests/slurm/up.sh)"
spar="dotnet $PWD/src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
fake=$PWD/tests/Spar.FakeTrainer/bin/Release/net10.0/Spar.FakeTrainer.dll
work=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; scontrol update nodename=spar2 state=resume 2> /dev/null || true; rm -rf "$work"' EXIT
recipe=$PWD/tests/recipes/kill-and-resume.yaml
trainer() { echo "trainer={kind: llamafactory, template: llama3, command: [dotnet, $fake], launcher: {kind: $1, gpus_per_node: 0, poll_seconds: 0.2}}"; }
cut() {
    exec $spar run "$recipe" --output "$work/cut" --set "$(trainer slurm)" \
        --set "play={shards: 4, threads: 1, launcher: {kind: slurm, poll_seconds: 0.2}}"
}
ids() { squeue --noheader --all --array --states=all --format='%F %j' | grep -E " spar-$1-" | sort -u | awk '{print $1}' || true; }
quiet() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }
until_true() { for _ in $(seq 1200); do if "$@"; then return; fi; sleep 0.05; done; echo "waited in vain: $*" >&2; cat "$work"/cut*.log >&2; exit 1; }

quiet $spar run "$recipe" --output "$work/one" --set "$(trainer local)"
quiet $spar export "$work/one" --format llama-factory --output "$work/one.export"
before=$(ids '.*' | sort)
# Jobs of a stage that were not there before: Slurm lists ended ones of earlier tests for some minutes.
fresh() { comm -13 <(echo "$before") <(ids "$1" | sort); }

# The first array: a task is cancelled, one put back, a node drained, and the controller killed before all of that has an end.
( cut ) > "$work/cut.log" 2>&1 &
begun() { [ -e "$work/cut/shards/2-of-4/played" ] && grep -q 'held until its rows' "$work/cut/run.log"; }
until_true begun
array=$(grep -oE "play-1 is Slurm's array [0-9]+" "$work/cut/run.log" | grep -oE '[0-9]+$')
held=$(fresh actor-1)
scontrol --oneliner show job "$held" | grep -oE 'JobState=PENDING Reason=[A-Za-z]+|Dependency=afterok:[0-9_*]+' | tr '\n' ' '
scontrol --oneliner show job "$held" | grep "Dependency=afterok:$array" > /dev/null
kill -9 $! && wait $! 2> /dev/null || true
scancel "${array}_2"
scontrol requeue "${array}_3" 2> /dev/null || echo "task 3 had ended"
scontrol update nodename=spar2 state=drain reason=test
( cut ) > "$work/cut2.log" 2>&1 &
cancelled() { grep -q "shard 2: somebody cancelled it; submitted again alone" "$work/cut/run.log"; }
until_true cancelled
scontrol update nodename=spar2 state=resume
echo "iteration 1: array $array, its task 2 cancelled and submitted again alone, training $held held for it"
for ((kill = 1; kill <= kills; kill++)); do
    moment=$(( 500 + RANDOM * 32768 % 1000000007 % 5000 ))
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    kill -9 $! 2> /dev/null && echo "kill $kill after $moment ms" || echo "kill $kill: the run had ended"
    wait $! 2> /dev/null || true
    ( cut ) > "$work/cut3.log" 2>&1 &
done
wait $! || { cat "$work"/cut*.log >&2; exit 1; }

count() { fresh "$1" | grep -c . || true; }
for one in "play-1 2" "play-2 1" "actor-0 1" "refiner-0 1" "actor-1 1" "refiner-1 1" "actor-2 1" "refiner-2 1"; do
    set -- $one
    [ "$(count "$1")" -eq "$2" ] || { echo "$1 was submitted $(count "$1") times, not $2" >&2; squeue --all --array --states=all >&2; exit 1; }
done
quiet $spar export "$work/cut" --format llama-factory --output "$work/cut.export"
diff -r "$work/one.export" "$work/cut.export"
digests() { (cd "$work/$1/checkpoints" && find . -maxdepth 2 -name model.safetensors -exec sha256sum {} + | sort -k 2); }
diff <(digests one) <(digests cut)
echo "3 arrays and 6 trainings submitted, none twice; exports ($(find "$work/cut.export" -type f | wc -l) files) and checkpoints ($(digests cut | wc -l)) are those of one process"
