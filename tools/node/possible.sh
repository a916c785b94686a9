#!/usr/bin/env bash
# Says why no node can run on this machine, and fails then.
set -uo pipefail

lack() {
	printf 'node: a real node needs %s\n' "$*" >&2
	exit 1
}

[[ $(uname) == Linux ]] || lack "Linux"
[[ $(id -u) == 0 ]] || lack "root, for namespaces, mounts and cgroups: run it with sudo"
for tool in unshare setpriv ip openssl flock; do
	command -v "$tool" >/dev/null || lack "$tool (Debian: apt-get install util-linux iproute2 openssl)"
done
unshare --mount --pid --ipc --uts --net --fork true 2>/dev/null || lack "namespaces, which this machine does not let root make"
mounts=$(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts)
[[ -n $mounts ]] || lack "cgroups, and none are mounted"
while IFS= read -r mount; do
	# Made and removed again: a container may have them mounted for reading only.
	if ! mkdir "$mount/tracktik-node-try" 2>/dev/null; then
		lack "cgroups that can be written, and $mount cannot"
	fi
	rmdir "$mount/tracktik-node-try"
done <<<"$mounts"
