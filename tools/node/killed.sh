#!/usr/bin/env bash
# Kills what started a node, by SIGKILL, while a pod runs on it, and fails if anything is left of it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/node/settings.sh
source "$here/settings.sh"

# The node says so when its pod runs, and then waits for its end.
told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT
mkfifo "$told/pipe"
# Dies with this script, which leaves it deaf to a Ctrl-C.
setpriv --pdeathsig KILL "$here/run.sh" bash -c '
	kubectl run idle --image=localhost/pause:1 --restart=Never >/dev/null
	kubectl wait --for=condition=Ready pod/idle --timeout=60s
	sleep infinity
' >"$told/pipe" &
node=$!
read -r line <"$told/pipe" || { wait "$node"; exit 1; }
printf 'node: %s; killing it\n' "$line" >&2
kill -KILL "$node"
wait "$node" 2>/dev/null || true

# What the kernel and the cleaner do afterwards takes a second or two.
limit=$((SECONDS + 10))
until "$here/left.sh" 2>/dev/null; do
	((SECONDS < limit)) || exec "$here/left.sh"
	sleep 0.2
done
printf 'node: nothing is left\n' >&2
