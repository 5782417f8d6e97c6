#!/usr/bin/env bash
# Tokens per second of training in several ranks (docs/performance.md). Needs a built solution (dotnet build -c Release) and mpirun. Every round takes all
# settings by turns; the median of a setting's lines is its figure.
#   bench/ranks.sh SHAPE BATCHES STEPS ROUNDS RANKSxTHREADS...
#   bench/ranks.sh nano 16 10 3 1x1 1x2 2x1 4x1       # this machine
#   MPIRUN="mpirun --map-by ppr:1:node" bench/ranks.sh 135m 32 5 3 1x64 2x64 4x64
set -euo pipefail
cd "$(dirname "$0")/.."
shape=$1 batches=$2 steps=$3 rounds=$4
shift 4
bench=bench/Spar.Bench/bin/Release/net10.0/Spar.Bench
for ((round = 0; round < rounds; round++)); do
    for kind in sft dpo lora; do
        for setting in "$@"; do
            ${MPIRUN:-mpirun --bind-to none} -n "${setting%x*}" "$bench" ranks "$kind" "$shape" "${setting#*x}" "$batches" "$steps"
        done
    done
done
