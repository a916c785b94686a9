#!/usr/bin/env bash
# Says why no node can run on this machine, and fails: with 3 where the machine is none for it, and with 1 where it would be, were
# not something to be installed.
set -uo pipefail
# shellcheck source=tools/node/cgroups.sh
source "$(dirname "${BASH_SOURCE[0]}")/cgroups.sh"

cannot() {
	printf 'node: a real node needs %s\n' "$*" >&2
	exit 3
}

[[ $(uname) == Linux ]] || cannot "Linux"
[[ $(id -u) == 0 ]] || cannot "root, for namespaces, mounts and cgroups: run it with sudo"
mounts=$(cgroup_mounts)
[[ -n $mounts ]] || cannot "cgroups, and none are mounted"
while IFS= read -r mount; do
	# Made and removed again: a container may have them mounted for reading only.
	mkdir "$mount/tracktik-node-try-$$" 2>/dev/null || cannot "cgroups that can be written, and $mount cannot"
	rmdir "$mount/tracktik-node-try-$$"
done <<<"$mounts"

lacking=0
# need PACKAGE TOOL [COMMAND...]: the command shows that the tool is the one that is meant; those of busybox can less.
need() {
	local package=$1 tool=$2
	shift 2
	command -v "$tool" >/dev/null && { (($# == 0)) || "$@" >/dev/null 2>&1; } && return
	printf 'missing: %s, without which no real node can run (Debian: apt-get install %s)\n' "$tool" "$package" >&2
	lacking=1
}
need util-linux unshare grep -q -e --kill-child <(unshare --help 2>&1)
need util-linux setpriv setpriv --pdeathsig KILL true
need iproute2 ip ip -o link
need coreutils tail tail --pid=1 -n 0 /dev/null
need coreutils readlink readlink -m /
for tool in util-linux/flock util-linux/setsid mount/mount mount/umount openssl/openssl python3/python3 coreutils/base64 \
	coreutils/comm diffutils/diff findutils/find grep/grep mawk/awk sed/sed; do
	need "${tool%/*}" "${tool#*/}"
done
((lacking == 0)) || exit 1

unshare --mount --pid --ipc --uts --net --fork true 2>/dev/null || cannot "namespaces, which this machine does not let root make"
