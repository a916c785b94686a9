#!/usr/bin/env bash
# Removes what a node leaves outside its namespaces: its cgroups and its state.
#
#   clean.sh        now, or when a node that runs has ended
#   clean.sh PID    once this process, the parent of the namespaces, is gone; however it came to its end
set -uo pipefail
# shellcheck source=tools/node/settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=tools/node/cgroups.sh
source "$(dirname "${BASH_SOURCE[0]}")/cgroups.sh"

# Of run.sh's, for which this waits, it is handed on.
take_lock || exit 1
if [[ -n ${1:-} ]]; then
	tail -s 0.1 --pid="$1" -f /dev/null
fi

status=0
remove_cgroups || status=1
remove "$state" || status=1
exit "$status"
