#!/usr/bin/env bash
# Says what is left of a node whose end is past, and fails if there is anything: processes, mounts, cgroups, files, changes of the
# host. While a node runs it waits, since a node that runs is all of that.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/node/settings.sh
source "$here/settings.sh"
# shellcheck source=tools/node/cgroups.sh
source "$here/cgroups.sh"

left=0
found() {
	say "left behind: $*"
	left=1
}

take_lock || exit 1
# All of a node's own are in its cgroups, or were started with its name in their environment. One that has ended, perhaps while it
# is looked at, only waits to be forgotten.
while IFS= read -r file; do
	process=${file%/*}
	grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "$process/status" || continue
	found "process ${process#/proc/}: $(tr '\0' ' ' 2>/dev/null <"$process/cmdline")"
done < <(grep -lsE "/$cluster(/|\$)" /proc/[0-9]*/cgroup; grep -lasF "NODE_NAME=$node" /proc/[0-9]*/environ)
while IFS= read -r file; do
	found "a mount, in $file"
done < <(grep -lsF -e "$(as_mounted "$state")/" -e " $state_inside" /proc/[0-9]*/mountinfo)
while IFS= read -r mount; do
	[[ ! -d $mount/$cluster ]] || found "$mount/$cluster"
done < <(cgroup_mounts)
[[ ! -e $state ]] || found "$state"
if ! now=$("$here/host.sh"); then
	found "perhaps more, the host cannot be looked at"
elif [[ -e $before ]]; then
	while IFS= read -r difference; do
		found "a change of the host (before <, now >): $difference"
	done < <(diff "$before" - <<<"$now" | grep '^[<>]')
fi
exit "$left"
