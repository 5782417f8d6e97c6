#!/usr/bin/env bash
# Kills a small self-play run (SIGKILL) at random moments, resumes it each time, and compares the final checkpoints and results with those of a run
# that was never disturbed. Needs a built solution (dotnet build -c Release) and models/nano.
#   tests/kill-and-resume.sh [kills, default 10] [seed of the moments, default 1]
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-10}
RANDOM=${2:-1}
spar="dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recipe=tests/recipes/kill-and-resume.yaml

start=$(date +%s%N)
$spar run $recipe --output "$work/undisturbed" --json > "$work/undisturbed.json" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
whole=$(( ($(date +%s%N) - start) / 1000000 ))
echo "undisturbed: $whole ms"

for ((kill = 1; kill <= kills; kill++)); do
    # Moments are spread over one and a half times the share of the run that each session can be expected to do.
    moment=$(( 400 + RANDOM * 32768 % 1000000007 % (whole * 3 / 2 / kills + 400) ))
    $spar run $recipe --output "$work/killed" --json > "$work/killed.json" 2> "$work/log" &
    pid=$!
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    if kill -9 $pid 2> /dev/null; then echo "kill $kill after $moment ms"; else echo "kill $kill: the run had ended"; fi
    wait $pid 2> /dev/null || true
done
$spar run $recipe --output "$work/killed" --json > "$work/killed.json" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }

(cd "$work/undisturbed/checkpoints" && find . -type f -exec sha256sum {} + | sort -k 2) > "$work/expected"
(cd "$work/killed/checkpoints" && find . -type f -exec sha256sum {} + | sort -k 2) > "$work/actual"
[ -s "$work/expected" ]
diff "$work/expected" "$work/actual"
# Rows must agree as well; wall time and the number of calls in flight at a kill may not.
rows() { sed -n '/"rows"/,/\]/p' "$1"; }
diff <(rows "$work/undisturbed.json") <(rows "$work/killed.json")
echo "same bytes after $kills kills: $(wc -l < "$work/expected") files"
