#!/usr/bin/env bash
# A nano run whose play is an Indexed Job of Kubernetes that nobody submits (launcher.submit: false): its manifest is checked against the published
# schemas (npm's kubernetes-models, whose validators are made of Kubernetes' OpenAPI), its completions are run by hand, and the run goes on to the
# checkpoints of a run in one process. Needs a built solution (dotnet build -c Release); node and npm for the check, which is left out without them.
#   tests/kubernetes.sh
set -euo pipefail
cd "$(dirname "$0")/.."
spar="dotnet $PWD/src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll"
work=$(mktemp -d)
trap 'kill $run 2> /dev/null || true; rm -rf "$work"' EXIT
run=
recipe=$PWD/tests/recipes/kill-and-resume.yaml
$spar run "$recipe" --output "$work/one" --set iterations=1 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
launcher="kind: kubernetes, image: registry.example/spar:1, namespace: lab, claim: runs, mount: $work, submit: false, poll_seconds: 0.2"
$spar run "$recipe" --output "$work/cut" --set iterations=1 \
    --set "play={shards: 2, threads: 1, command: [dotnet, $PWD/src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll], launcher: {$launcher, time: 1-00:00:00, resources: ['cpu: 16', 'memory: 8Gi']}}" \
    > "$work/log" 2>&1 &
run=$!
job=$work/cut/shards/play-1.array
for _ in $(seq 1200); do grep -q "kubectl apply -f" "$work/log" && break; sleep 0.1; done
[ -e "$job/job.yaml" ] || { cat "$work/log" >&2; exit 1; }
if command -v npm > /dev/null && (mkdir "$work/npm" && cd "$work/npm" && npm install --silent --no-fund --no-audit kubernetes-models@5.1.0 yaml@2) > /dev/null 2>&1; then
    cat > "$work/npm/check.mjs" << 'END'
import { readFileSync } from "fs";
import YAML from "yaml";
import { Job } from "kubernetes-models/batch/v1/Job";
const job = YAML.parse(readFileSync(process.argv[2], "utf8"));
new Job(job).validate();
console.log(`the manifest of ${job.metadata.name} is valid`);
END
    node "$work/npm/check.mjs" "$job/job.yaml"
else
    echo "there is no npm here, or no registry: the manifest is not checked against the published schemas" >&2
fi
for index in 0 1; do JOB_COMPLETION_INDEX=$index bash "$job/job.sh" & pods="${pods:-} $!"; done
wait $pods
wait $run || { cat "$work/log" >&2; exit 1; }
digests() { (cd "$work/$1/checkpoints" && sha256sum */model.safetensors); }
diff <(digests one) <(digests cut)
echo "checkpoints ($(digests cut | wc -l)) of 2 completions are those of one process"
