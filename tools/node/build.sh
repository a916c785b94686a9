#!/usr/bin/env bash
# Brings together what a node consists of, once per machine, and prints the folders as a PATH: the control plane's programs;
# kubelet, kube-scheduler, pause and names as pinned in go.mod; containerd, runc and the plugins of CNI out of Debian's packages.
# Nothing else is downloaded, and no image: pods have those that they are given.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=$(dirname "$here")

say() { printf 'node: %s\n' "$*" >&2; }

release=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$here/go.mod")
# Another version than the control plane's would be another cluster than is tested elsewhere.
if ! grep -q "k8s.io/kubernetes $release " "$tools/controlplane/go.mod"; then
	say "go.mod has Kubernetes $release, which is not that of tools/controlplane/go.mod"
	exit 1
fi
plane=$("$tools/controlplane/build.sh")
ours=$("$tools/go-programs.sh" "$here" -X "k8s.io/component-base/version.gitVersion=$release" \
	kubelet=k8s.io/kubernetes/cmd/kubelet kube-scheduler=k8s.io/kubernetes/cmd/kube-scheduler pause=./pause names=./names)
debian=$("$tools/debian-packages.sh" --alone containerd runc containernetworking-plugins)

programs=$ours:$plane:$debian/usr/bin:$debian/usr/sbin:$debian/usr/lib/cni
# As other packages would have it, or with a library that this machine lacks.
for name in "containerd --version" "containerd-shim-runc-v2 -v" "ctr --version" "runc --version"; do
	# shellcheck disable=SC2086 # A name and its flag.
	PATH=$debian/usr/bin:$debian/usr/sbin $name >/dev/null || { say "Debian's $name does not run"; exit 1; }
done
for name in bridge host-local loopback; do
	[[ -x $debian/usr/lib/cni/$name ]] || { say "no $name in Debian's package containernetworking-plugins"; exit 1; }
done
printf '%s\n' "$programs"
