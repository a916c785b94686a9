#!/usr/bin/env bash
# Says what is left of a node whose end is past, and fails if there is anything: processes, mounts, cgroups, network devices,
# files. A node that runs is all of that.
set -uo pipefail
# shellcheck source=tools/node/settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

left=0
found() {
	printf 'node: left behind: %s\n' "$*" >&2
	left=1
}

# All of a node's own are in its cgroups, or have its state in their command line. A process may end while it is looked at; and
# the pattern is in a file, so that grep does not find itself.
while IFS= read -r file; do
	process=${file%/*}
	found "process ${process#/proc/}: $(tr '\0' ' ' 2>/dev/null <"$process/cmdline")"
done < <(grep -ls "/$cluster\(/\|$\)" /proc/[0-9]*/cgroup; grep -las -f <(printf '%s\n' "$state") /proc/[0-9]*/cmdline)
while IFS= read -r file; do
	found "a mount, in $file"
done < <(grep -ls "$state" /proc/[0-9]*/mountinfo)
while IFS= read -r mount; do
	[[ ! -d $mount/$cluster ]] || found "$mount/$cluster"
done < <(cgroup_mounts)
if ip -o link show dev cni0 >/dev/null 2>&1; then
	found "the network device cni0"
fi
[[ ! -e $state ]] || found "$state"
exit "$left"
