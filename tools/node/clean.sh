#!/usr/bin/env bash
# Removes what a node leaves outside its namespaces: its folders of cgroups and its state.
#
#   clean.sh        now
#   clean.sh PID    once this process, the parent of the namespaces, is gone; however it came to its end
set -uo pipefail
# shellcheck source=tools/node/settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

if [[ -n ${1:-} ]]; then
	tail -s 0.1 --pid="$1" -f /dev/null
fi

status=0
while IFS= read -r mount; do
	folder=$mount/$cluster
	# What was ended a moment ago is still in its cgroup for another, so these are tries.
	for ((try = 0; try < 200; try++)); do
		[[ -d $folder ]] || break
		find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
		[[ ! -d $folder ]] || sleep 0.05
	done
	if [[ -d $folder ]]; then
		printf 'node: %s is still there, with the processes %s\n' "$folder" \
			"$(find "$folder" -name cgroup.procs -exec cat {} + | tr '\n' ' ')" >&2
		status=1
	fi
done < <(cgroup_mounts)

# Never through a mount: what is mounted there is not ours to delete.
if grep -q " $state" /proc/mounts; then
	printf 'node: something is mounted below %s, nothing is deleted\n' "$state" >&2
	exit 1
fi
rm -rf --one-file-system "$state" || status=1
exit "$status"
