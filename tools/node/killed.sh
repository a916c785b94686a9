#!/usr/bin/env bash
# Kills what started a node, by SIGKILL, while a pod runs on it, and fails if anything is left of it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/node/settings.sh
source "$here/settings.sh"

# Held until the end, so that no other node is taken for what is left of this one.
take_lock
# The node says so when its pod runs, and then waits for its end.
told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT
mkfifo "$told/pipe"
# Dies with this script, which leaves it deaf to a Ctrl-C.
setpriv --pdeathsig KILL "$here/run.sh" bash -ec '
	kubectl run idle --image=localhost/pause:1 --restart=Never >/dev/null
	kubectl wait --for=condition=Ready pod/idle --timeout=60s
	sleep infinity
' >"$told/pipe" &
running=$!
read -t 300 -r line <"$told/pipe" || { wait "$running"; exit 1; }
say "$line; killing it"
# The shell would tell of it as well.
{
	kill -KILL "$running"
	wait "$running" || true
} 2>/dev/null

# What the kernel and the cleaner do afterwards takes a second or two.
limit=$((SECONDS + 60))
until "$here/left.sh" 2>/dev/null; do
	((SECONDS < limit)) || exec "$here/left.sh"
	sleep 0.2
done
say "nothing is left"
