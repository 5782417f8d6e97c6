#!/usr/bin/env bash
# A nano run whose play is an array of 4 shards on the two nodes of tests/slurm/up.sh, one task cancelled in its midst and played again alone, one
# put back into the queue, one node drained: exports and checkpoints are those of a run in one process. Needs a built solution
# (dotnet build -c Release).
#   tests/slurm/shards.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
eval "$(tests/slurm/up.sh)"
spar="dotnet $PWD/src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
work=$(mktemp -d)
trap 'scontrol update nodename=spar2 state=resume 2> /dev/null || true; rm -rf "$work"' EXIT
recipe=$PWD/tests/recipes/kill-and-resume.yaml
quiet() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }

quiet $spar run "$recipe" --output "$work/one"
quiet $spar export "$work/one" --format llama-factory --output "$work/one.export"

cat > "$work/play.sh" << END
#!/bin/bash
#SBATCH --array=1-4 --requeue --open-mode=append --output=$work/shard-%a.log
# Threads have no influence on results; two tasks share a node here.
exec $spar run $recipe --output $work/cut --shard \$SLURM_ARRAY_TASK_ID/4 --threads 1
END
ended() { # job: waits until none of its tasks is left
    while [ -n "$(squeue --noheader --jobs="$1" --states=PENDING,RUNNING,COMPLETING,CONFIGURING,SUSPENDED 2> /dev/null)" ]; do sleep 0.1; done
}
for iteration in 1 2; do
    quiet $spar run "$recipe" --output "$work/cut" --until-play
    job=$(sbatch --parsable "$work/play.sh")
    if [ "$iteration" -eq 1 ]; then
        until grep -q "a new run\|goes on" "$work"/shard-2.log 2> /dev/null && [ -e "$work/cut/shards/3-of-4/run.db" ]; do sleep 0.05; done
        scancel "${job}_2"
        scontrol requeue "${job}_3" 2> /dev/null || echo "task 3 had ended"
        scontrol update nodename=spar2 state=drain reason=test
        ended "$job"
        scontrol update nodename=spar2 state=resume
        played=$($spar runs merge "$work/cut" 2> "$work/log" | grep -oE '[0-9]+ prompts of play' | awk '{s += $1} END {print s + 0}')
        echo "iteration 1: $played of 24 prompts are there, a task was cancelled"
        job=$(sbatch --parsable --array=2 "$work/play.sh")
    fi
    ended "$job"
    quiet $spar runs merge "$work/cut"
    cat "$work/log"
done
quiet $spar run "$recipe" --output "$work/cut"
quiet $spar export "$work/cut" --format llama-factory --output "$work/cut.export"
diff -r "$work/one.export" "$work/cut.export"
digests() { (cd "$work/$1/checkpoints" && find . -name model.safetensors -exec sha256sum {} + | sort -k 2); }
diff <(digests one) <(digests cut)
echo "exports ($(find "$work/cut.export" -type f | wc -l) files) and checkpoints ($(digests cut | wc -l)) of 4 shards are those of one process"
