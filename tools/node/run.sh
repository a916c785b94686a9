#!/usr/bin/env bash
# Runs a command on a real node of Kubernetes, and ends the node with it:
#
#   tools/node/run.sh kubectl get nodes
#
# The node is etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and containerd, in namespaces of their own
# for mounts, processes, network, IPC and host name; the command runs in there as well. So the end of the first process in
# there ends all processes, mounts, bridges and rules at once, also when this script is killed. What the command has in its
# environment is at the end of inside.sh. Each --image=ARCHIVE before it is loaded first. One node at a time runs on a machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/node/settings.sh
source "$here/settings.sh"
# shellcheck source=tools/node/cgroups.sh
source "$here/cgroups.sh"
# shellcheck source=tools/node/certificates.sh
source "$here/certificates.sh"
# shellcheck source=tools/node/configuration.sh
source "$here/configuration.sh"

images=()
while [[ ${1:-} == --image=* ]]; do
	images+=("$1")
	shift
done
[[ $# -gt 0 ]] || { say "usage: run.sh [--image=ARCHIVE]... COMMAND..."; exit 2; }
"$here/possible.sh" || exit 1
for folder in "$state" "$here" "$PWD"; do
	case $folder/ in
	/run/* | /var/run/* | /var/lib/* | /var/log/*)
		say "it cannot use $folder, which it hides from itself: have the sources elsewhere, and set TRACKTIK_CACHE_DIR"
		exit 1
		;;
	esac
done
programs=$("$here/build.sh")
export programs

take_lock
"$here/clean.sh"
"$here/host.sh" >"$before"
remove "$logs"
umask 022
mkdir -p "$state" "$logs"
make_certificates
make_configuration
make_cgroups
"$here/../image/pack-files.py" --output "$state/pause.tar" --name localhost/pause:1 --user 65535:65535 \
	"$(PATH=$programs command -v pause):/pause" >/dev/null

namespaces=(--mount --pid --ipc --uts --net --fork --kill-child=KILL --mount-proc --propagation private)
# Dies with this script, and its child with it, also of a SIGKILL. By the name left.sh finds what does not.
NODE_NAME=$node setpriv --pdeathsig KILL unshare "${namespaces[@]}" "$BASH" "$here/inside.sh" ${images[@]+"${images[@]}"} "$@" 9>&- &
first=$!
# In a session of its own, so that a Ctrl-C at the terminal is not for it.
setsid "$here/clean.sh" "$first" </dev/null &
cleaner=$!
# Not once it was waited for: its number may be another's then.
trap '[[ -z $first ]] || kill -KILL "$first" 2>/dev/null || true; wait "$cleaner" || exit 1' EXIT
trap 'exit 130' INT TERM HUP
status=0
wait "$first" || status=$?
first=
exit "$status"
