#!/usr/bin/env bash
# A nano run whose models are played by servers (spar serve) that the run itself starts as jobs of Slurm on the two nodes of tests/slurm/up.sh, and
# ends before it trains. The run is killed (SIGKILL) in its play and started again: its servers are found again, none is left when it has ended,
# and its checkpoints are those of a run in one process. Needs a built solution (dotnet build -c Release).
#   tests/slurm/servers.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
eval "$(tests/slurm/up.sh)"
program=$PWD/src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recipe=$PWD/tests/recipes/kill-and-resume.yaml
first=$((21000 + $$ % 5000)) second=$((27000 + $$ % 5000))
# A server that other machines can reach wants a key; jobs have the environment of who submits them.
export SPAR_API_KEY=key-$RANDOM$RANDOM
serve="dotnet $program serve --model {name}={checkpoint} --host 0.0.0.0 --port {port} --threads 1"
entry() { echo "{ pool: $1, role: $2, program: '$serve', launcher: { kind: slurm, gpus_per_node: 0, poll_seconds: 0.2 } }"; }
served() {
    exec dotnet "$program" run "$recipe" --output "$work/served" --set iterations=1 --set "servers={endpoints: [
        { name: players, addresses: ['http://localhost:$first/v1'], key_variable: SPAR_API_KEY }, { name: judges, addresses: ['http://localhost:$second/v1'], key_variable: SPAR_API_KEY }],
        checkpoints: [$(entry players actor), $(entry judges refiner)]}"
}
working() { squeue --noheader --all --states=PENDING,RUNNING --format=%j | grep -c '^spar-serve-' || true; }
dotnet "$program" run "$recipe" --output "$work/one" --set iterations=1 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
( served ) > "$work/log" 2>&1 &
for _ in $(seq 1200); do grep -q "play-1 begins" "$work/served/run.log" 2> /dev/null && [ "$(working)" -eq 2 ] && break; sleep 0.1; done
kill -9 $! && wait $! 2> /dev/null || true
echo "killed in its play, $(working) servers are at work"
( served ) > "$work/log2" 2>&1 || { cat "$work/log" "$work/log2" >&2; exit 1; }
[ "$(working)" -eq 0 ] || { squeue --all >&2; exit 1; }
grep -q "since an earlier session" "$work/served/run.log"
digests() { (cd "$work/$1/checkpoints" && sha256sum */model.safetensors); }
diff <(digests one) <(digests served)
echo "$(grep -c 'The server at port [0-9]* is Slurm.s job [0-9]*; its log' "$work/served/run.log") servers were started, none is left; checkpoints ($(digests served | wc -l)) are those of one process"
