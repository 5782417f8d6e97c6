#!/usr/bin/env bash
# Trainings of the embedded engine in 1, 2 and 4 ranks over Open MPI: whole weights and LoRA, SFT, RFT and DPO end in the bytes of a training in one
# process; a killed rank is named, and the same command goes on; so it does after Ctrl-C. Where tests/slurm/up.sh has started a
# Slurm, ranks run on its two nodes too. Needs a built solution (dotnet build -c Release).
#   tests/mpi.sh            runs it
#   tests/mpi.sh install    apt-get install of Open MPI, where it is not there
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = install ]; then
    command -v mpirun > /dev/null && exit 0
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openmpi-bin > /dev/null
    exit 0
fi
command -v mpirun > /dev/null || { echo "there is no mpirun here: tests/mpi.sh install" >&2; exit 1; }
# In a container of root's, with more ranks than processors.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
spar="dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Steps of more than 2,048 tokens, so that there is something to share.
recipe="tests/recipes/kill-and-resume.yaml --set iterations=1 --set actor_sft.batch_size=48 --set actor_sft.epochs=4
    --set refiner_sft.batch_size=32 --set refiner_sft.epochs=2 --set dpo.batch_size=24 --set rft.batch_size=64 --set rft.epochs=3"
run() { # NAME RANKS SETTINGS...
    local name=$1 ranks=$2
    shift 2
    $spar run $recipe --output "$work/$name" --json "$@" \
        --set "trainer={kind: embedded, ranks: $ranks, threads: 1, save_steps: 3, launcher: {poll_seconds: 0.1}}" > "$work/$name.json" 2> "$work/$name.log"
}
digests() { (cd "$1" && find . -name '*.safetensors' -not -path '*.training/*' -exec sha256sum {} + | sort -k 2); }
same() { # A B: all checkpoints, byte for byte
    diff <(digests "$work/$1/checkpoints") <(digests "$work/$2/checkpoints") > /dev/null || { echo "$2 has other bytes than $1" >&2; exit 1; }
    echo "$2: the $(digests "$work/$2/checkpoints" | wc -l) files of weights of $1"
}
fails() { tail -3 "$work/$1.log" >&2; echo "$2" >&2; exit 1; }

run alone 1 || fails alone "the training in one process failed"
[ ! -e "$work/alone/checkpoints/actor-0.training" ]
run ranks-2 2 || fails ranks-2 "two ranks failed"
same alone ranks-2
if tests/slurm/up.sh check; then
    eval "$(tests/slurm/up.sh)"
    $spar run $recipe --output "$work/slurm" --json --set "trainer={kind: embedded, ranks: 2, threads: 1, launcher: {kind: slurm, nodes: 2, poll_seconds: 0.2}}" \
        > "$work/slurm.json" 2> "$work/slurm.log" || fails slurm "ranks on two nodes of Slurm failed"
    same alone slurm
fi
readarray -t lora < <(printf '%s\n' --set "dpo.lora={rank: 4}" --set "rft.lora={rank: 2}")
run lora 1 "${lora[@]}" || fails lora "LoRA in one process failed"
run lora-3 3 "${lora[@]}" || fails lora-3 "LoRA in three ranks failed"
same lora lora-3

# The trainings of the run in four ranks, and in one that mpirun starts, by the command that people would give.
for ranks in 1 4; do
    for stage in actor-0 actor-1 refiner-1; do
        folder=$work/by-hand-$ranks/$stage.training
        mkdir -p "$folder"
        sed -e "s|\"outputModel\": .*|\"outputModel\": \"$work/by-hand-$ranks/$stage\",|" -e "s|\"ranks\": .*|\"ranks\": $ranks,|" \
            "$work/ranks-2/checkpoints/$stage.training/job.json" > "$folder/job.json"
        mpirun -n $ranks $spar train "$folder" > "$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
        cmp "$work/by-hand-$ranks/$stage/model.safetensors" "$work/alone/checkpoints/$stage/model.safetensors"
    done
    echo "$ranks ranks by hand: the same bytes"
done

# A rank is killed in the midst of the first training; the run says which, and the same command goes on.
long=(--set actor_sft.epochs=120) # so many that it has not ended when it is told to
run long 1 "${long[@]}" || fails long "the long training failed"
folder=$work/killed/checkpoints/actor-0.training
steps=$folder/out/trainer_log.jsonl # of the last try
reaches() { for _ in $(seq 600); do grep -q "^{\"current_steps\":$1," "$steps" 2> /dev/null && return; sleep 0.05; done; echo "step $1 was not reached" >&2; exit 1; }
ranks_of() { pgrep -f "Spar.Cli.dll train \.$" | while read -r pid; do
    tr '\0' '\n' < "/proc/$pid/environ" 2> /dev/null | grep -x "OMPI_COMM_WORLD_RANK=$1" > /dev/null && [ "$(readlink "/proc/$pid/cwd")" = "$folder" ] && echo "$pid"; done; true; }
run killed 4 "${long[@]}" &
shell=$!
reaches 7
kill -9 "$(ranks_of 2)"
! wait $shell || { echo "a run without a rank ended well" >&2; exit 1; }
grep -q "error: .* rank 2 on node .* exited on signal 9 (Killed)" "$work/killed.log" || fails killed "the killed rank is not named"
[ -z "$(ranks_of 0)$(ranks_of 1)$(ranks_of 3)" ] || { echo "ranks are left" >&2; exit 1; }
echo "a rank is killed: $(grep -o 'rank 2 on node.*signal 9 (Killed)' "$work/killed.log")"

rm -f "$steps"
# Told to end, as by Ctrl-C: all ranks stop behind the same step, whose state is kept.
$spar run $recipe --output "$work/killed" "${long[@]}" --set "trainer={kind: embedded, ranks: 2, threads: 1, launcher: {poll_seconds: 0.1}}" \
    > /dev/null 2> "$work/killed.log" &
pid=$!
reaches 9
kill -TERM $pid
code=0
wait $pid || code=$?
[ "$code" -eq 130 ] || fails killed "a run that was told to end ends with $code"
[ -z "$(ranks_of 0)$(ranks_of 1)" ] || { echo "ranks are left" >&2; exit 1; }
[ -s "$folder/out/state/state.json" ] || { echo "a run that was told to end left no state" >&2; exit 1; }
run killed 4 "${long[@]}" || fails killed "the run did not go on"
! grep -q '^{"current_steps":4,' "$steps" || { echo "the training began anew" >&2; exit 1; }
same long killed
