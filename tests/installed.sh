#!/usr/bin/env bash
# Packs the tool, installs it into an empty prefix and runs a small recipe by name from an empty directory. Then publishes the single file and runs it
# in a root directory that holds nothing but it, the C library and OpenSSL, without network (where this user may make such a root). Needs a built solution
# (dotnet build -c Release).
#   tests/installed.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
small=(--set sft_prompts=16 --set refiner_prompts=8 --set iterations=1 --set prompts_per_iteration=10
    --set nano.held_out_prompts=10 --set nano.held_out_repairs=4 --json --quiet)

dotnet pack src/Spar.Cli -c Release --no-build -o "$work/package" -v q -nologo
dotnet tool install Spar.Cli --tool-path "$work/prefix" --source "$work/package" > /dev/null
mkdir "$work/empty"
cd "$work/empty"
"$work/prefix/spar" recipe check quickstart
"$work/prefix/spar" generate "write a line about the sea." | grep . > /dev/null
"$work/prefix/spar" run quickstart "${small[@]}" > "$work/tool.json"
[ "$(ls)" = runs ] && [ -s runs/quickstart/results.json ]
cd - > /dev/null
echo "tool: installed and run"

dotnet publish src/Spar.Cli -c Release -r linux-x64 -o "$work/single" -v q -nologo
[ "$(ls "$work/single")" = spar ]
size=$(( $(stat -c %s "$work/single/spar") / 1000000 ))
echo "single file: $size MB"
[ "$size" -le 80 ]
root="$work/root"
# A home to unpack into at the first start, a place to work in, and what every container has.
mkdir -p "$root/lib64" "$root/home" "$root/tmp" "$root/work" "$root/proc" "$root/dev"
touch "$root/dev/urandom"
cp "$work/single/spar" "$root/spar"
# What the file is linked with, and OpenSSL, which .NET hashes with.
{ ldd "$root/spar"; ldconfig -p | grep -E 'lib(ssl|crypto)\.so\.[0-9.]+ .*x86-64'; } | grep -oE '/[^ ]+' \
    | while read -r library; do cp --parents "$library" "$root"; done
enter=(unshare --map-root-user --net --mount --pid --fork "--mount-proc=$root/proc" sh -c
    'mount --bind /dev/urandom "$0/dev/urandom" && exec env -i HOME=/home "PATH=$PATH" chroot "$0" /spar "$@"' "$root")
if ! unshare --map-root-user --net --mount --pid --fork true 2> /dev/null; then
    echo "single file: not run, this user may not make a root directory"
    exit 0
fi
"${enter[@]}" run quickstart "${small[@]}" --output /work/run > "$work/single.json"
rows() { sed -n '/"rows"/,/\]/p' "$1"; }
[ -n "$(rows "$work/tool.json")" ]
diff <(rows "$work/tool.json") <(rows "$work/single.json")
echo "single file: same rows as the tool in a root without .NET and without network"
