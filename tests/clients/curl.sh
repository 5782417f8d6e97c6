#!/usr/bin/env bash
# What tests/clients/javascript checks, asked with curl and read with grep: the shapes on the wire. tests/clients.sh starts the servers SPAR_OPEN and
# SPAR_GUARDED (key SPAR_KEY, one request at a time).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${long:-}" ] || kill "$long" 2> /dev/null || true' EXIT
asked='"messages": [{"role": "user", "content": "write a line about the sea. use exactly 6 words."}], "temperature": 0.9'

# ask SERVER BODY [option of curl...]: the status to standard output, the answer to $work/answer.
ask() {
    curl -sS -o "$work/answer" -w '%{http_code}' "${@:3}" -H 'Content-Type: application/json' --data "$2" "$1/chat/completions"
}
fail() { echo "curl: $1" >&2; [ ! -e "$work/answer" ] || head -c 2000 "$work/answer" >&2; exit 1; }
status() { [ "$1" = "$2" ] || fail "status $1 instead of $2: $3"; }
holds() { grep -qF -- "$1" "$work/answer" || fail "no $1 in the answer: $2"; }
contents() { grep -oE '"content":"([^"\\]|\\.)*"' "$work/answer" | sed 's/^"content":"//; s/"$//'; }

status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, $asked}")" 200 "an answer"
whole=$(contents)
[ -n "$whole" ] || fail "an empty answer"
status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, $asked}")" 200 "the same seed"
[ "$(contents)" = "$whole" ] || fail "the same seed gives another answer"

status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, \"stream\": true, $asked}")" 200 "a stream"
[ "$(contents | tr -d '\n')" = "$whole" ] || fail "a stream gives another answer than '$whole'"
[ "$(grep -c '^data: ' "$work/answer")" -gt 3 ] && [ "$(grep . "$work/answer" | tail -1)" = "data: [DONE]" ] || fail "no stream of events"

status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, \"n\": 4, $asked}")" 200 "n = 4"
[ "$(contents | wc -l)" -eq 4 ] && [ "$(contents | head -1)" = "$whole" ] || fail "not four answers, the first as with n = 1"

word=$(echo "$whole" | cut -d' ' -f3)
status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, \"stop\": [\"$word\"], $asked}")" 200 "stop"
[ "$(contents)" = "${whole%%"$word"*}" ] || fail "the answer goes on after '$word'"

status "$(ask "$SPAR_OPEN" "{\"model\": \"nano\", \"seed\": 11, \"logprobs\": true, \"top_logprobs\": 2, $asked}")" 200 "logprobs"
holds '"top_logprobs":[{"token":' "log-probabilities"

status "$(ask "$SPAR_OPEN" "{\"model\": \"nano:bfs\", \"seed\": 11, $asked}")" 200 "a search"
holds '"reasoning_content":' "a search"

status "$(ask "$SPAR_OPEN" "{\"model\": \"gpt-4\", $asked}")" 404 "a model that is not served"
holds '"code":"model_not_found"' "a model that is not served"
status "$(ask "$SPAR_OPEN" "{")" 400 "half a body"
status "$(ask "$SPAR_GUARDED" "{\"model\": \"nano\", $asked}")" 401 "no key"
status "$(ask "$SPAR_GUARDED" "{\"model\": \"nano\", $asked}" -H 'Authorization: Bearer wrong')" 401 "a wrong key"
holds '"code":"invalid_api_key"' "a wrong key"
head -c 5000000 /dev/zero | tr '\0' ' ' > "$work/body"
status "$(ask "$SPAR_OPEN" "@$work/body" -H 'Expect:')" 413 "5 MB"
# grep reads to the end: one that left at the first match (-q) could break the pipe under curl.
curl -sSf "$SPAR_OPEN/models" | grep -F '"nano:best-of-8"' > /dev/null || fail "models are not listed"
curl -sSf "${SPAR_OPEN%/v1}/health" | grep -F ok > /dev/null || fail "no health"
curl -sSf "${SPAR_OPEN%/v1}/metrics" | grep '^spar_server_tokens_total' > /dev/null || fail "no metrics"

# One too many: the first asks for thousands of samples and votes, far longer than what is done beside it.
key=(-H "Authorization: Bearer $SPAR_KEY")
curl -sSN "${key[@]}" --data "{\"model\": \"nano:best-of-64\", \"n\": 128, \"stream\": true, $asked}" \
    "$SPAR_GUARDED/chat/completions" > "$work/long" &
long=$!
for _ in $(seq 100); do [ ! -s "$work/long" ] || break; sleep 0.1; done
status "$(ask "$SPAR_GUARDED" "{\"model\": \"nano\", $asked}" "${key[@]}" -D "$work/headers")" 429 "one too many"
grep -qi '^retry-after: 1' "$work/headers" || fail "no Retry-After"
kill -0 "$long" || fail "the long answer ended too early for this check"
kill "$long"
wait "$long" 2> /dev/null || true
# curl waits as it is told, and asks again.
status "$(ask "$SPAR_GUARDED" "{\"model\": \"nano\", $asked}" "${key[@]}" --retry 5)" 200 "after the first has left"
echo "curl: all as it should be"
