#!/usr/bin/env bash
# Kills a small self-play run (SIGKILL) at random moments, resumes it each time, and compares the final checkpoints and results with those of a run
# that was never disturbed. Needs a built solution (dotnet build -c Release) and models/nano.
#   tests/kill-and-resume.sh [kills, default 10] [seed of the moments, default 1] [embedded | served]
# embedded: every model runs in the process. served: teacher, refiner and judges are behind two 'spar serve' processes, of which one is killed (and started again)
# in the place of the run at every third moment.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-10}
RANDOM=${2:-1}
kind=${3:-embedded}
spar="dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
work=$(mktemp -d)
servers=() ports=()
cleanup() {
    for pid in "${servers[@]}"; do kill -9 "$pid" 2> /dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

# Starts, or starts again, the server of this number at its port.
serve() {
    $spar serve --model nano=models/nano --port "${ports[$1]}" --threads 1 >> "$work/server-$1.log" 2>&1 &
    servers[$1]=$!
}

# Waits until a server answers: a run does not begin without.
up() {
    [ "$kind" = served ] || return 0
    for ((i = 0; i < 600; i++)); do
        for port in "${ports[@]}"; do
            if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then return 0; fi
        done
        sleep 0.1
    done
    cat "$work"/server-*.log >&2
    exit 1
}

case $kind in
    embedded)
        run=($spar run tests/recipes/kill-and-resume.yaml) ;;
    served)
        for i in 0 1; do
            # Below the ports of outgoing connections, which a client may have taken when the server comes back.
            ports[i]=$((20000 + 2 * ($$ % 5000) + i))
            serve $i
        done
        run=($spar run tests/recipes/kill-and-resume-served.yaml --set
            "servers.endpoints=[{name: nano, addresses: [http://127.0.0.1:${ports[0]}/v1, http://127.0.0.1:${ports[1]}/v1], model: nano}]") ;;
    *)
        echo "embedded or served?" >&2
        exit 2 ;;
esac

up
start=$(date +%s%N)
"${run[@]}" --output "$work/undisturbed" --json > "$work/undisturbed.json" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
whole=$(( ($(date +%s%N) - start) / 1000000 ))
echo "$kind, undisturbed: $whole ms"

runs=0
for ((kill = 1; kill <= kills; kill++)); do
    # Moments are spread over one and a half times the share of the run that each session can be expected to do.
    moment=$(( 400 + RANDOM * 32768 % 1000000007 % (whole * 3 / 2 / kills + 400) ))
    if [ "${pid:-}" = "" ] || ! kill -0 "$pid" 2> /dev/null; then
        up
        "${run[@]}" --output "$work/killed" --json > "$work/killed.json" 2> "$work/log" &
        pid=$!
    fi
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    if [ "$kind" = served ] && [ $((kill % 3)) -eq 0 ]; then
        i=$((RANDOM % 2))
        kill -9 "${servers[i]}" 2> /dev/null
        wait "${servers[i]}" 2> /dev/null || true
        serve $i
        echo "kill $kill after $moment ms: server $i"
    elif kill -9 $pid 2> /dev/null; then
        wait $pid 2> /dev/null || true
        runs=$((runs + 1))
        echo "kill $kill after $moment ms"
    else
        wait $pid || { cat "$work/log" >&2; exit 1; }
        pid=
        echo "kill $kill: the run had ended"
    fi
done
[ "${pid:-}" = "" ] || wait $pid 2> /dev/null || true
up
"${run[@]}" --output "$work/killed" --json > "$work/killed.json" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
$spar runs verify "$work/killed"

(cd "$work/undisturbed/checkpoints" && find . -type f -exec sha256sum {} + | sort -k 2) > "$work/expected"
(cd "$work/killed/checkpoints" && find . -type f -exec sha256sum {} + | sort -k 2) > "$work/actual"
[ -s "$work/expected" ]
diff "$work/expected" "$work/actual"
# Rows must agree as well; wall time and the number of calls in flight at a kill may not.
rows() { sed -n '/"rows"/,/\]/p' "$1"; }
diff <(rows "$work/undisturbed.json") <(rows "$work/killed.json")
echo "same bytes after $kills kills, $runs of them of the run: $(wc -l < "$work/expected") files"
