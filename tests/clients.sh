#!/usr/bin/env bash
# Asks 'spar serve' with the shipped model as others do: with curl, and with OpenAI's official JavaScript library (npm ci; node 18 or later). Needs a built
# solution (dotnet build -c Release).
#   tests/clients.sh [all | curl]
#   tests/clients.sh install      gets node and npm (apt-get, where they are not there) and the library; exit status 1 where they can't be had
set -euo pipefail
cd "$(dirname "$0")/.."
library() { (cd tests/clients/javascript && npm ci --silent --no-audit --no-fund); }

if [ "${1:-all}" = install ]; then
    able() { command -v npm > /dev/null && node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2> /dev/null; }
    able || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm > /dev/null; } || exit 1
    able && library || exit 1
    exit 0
fi

work=$(mktemp -d)
servers=()
cleanup() {
    for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done
    wait || true
    rm -rf "$work"
}
trap cleanup EXIT

# serve NAME [option...]: starts a server at a free port, and sets the variable NAME to where it is.
serve() {
    dotnet src/Spar.Cli/bin/Release/net10.0/Spar.Cli.dll serve --port 0 "${@:2}" > "$work/$1" 2> "$work/$1.log" &
    servers+=($!)
    for _ in $(seq 300); do [ ! -s "$work/$1" ] || break; sleep 0.1; done
    [ -s "$work/$1" ] || { cat "$work/$1.log" >&2; exit 1; }
    export "$1=$(cat "$work/$1")"
}
export SPAR_KEY=open-sesame
serve SPAR_OPEN --key-variable SPAR_NO_KEY
serve SPAR_GUARDED --key-variable SPAR_KEY --concurrency 1 --waiting 0

tests/clients/curl.sh
[ "${1:-all}" != curl ] || exit 0
library
npm --prefix tests/clients/javascript run --silent check
echo "OpenAI's JavaScript library: all as it should be"
