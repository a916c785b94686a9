#!/usr/bin/env bash
# Brings together what a node consists of, once per machine, and prints the folder: the control plane's programs; kubelet,
# kube-scheduler, pause and names as pinned in go.mod; containerd, runc and the plugins of CNI out of Debian's packages, which
# are unpacked and not installed. Nothing else is downloaded, and no image: pods have those that they are given.
set -euo pipefail

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
# May be relative to the caller's folder, which is left below.
[[ $cache == /* ]] || cache=$PWD/$cache
cd "$(dirname "${BASH_SOURCE[0]}")"
# Unset, the Go command would fetch another toolchain instead of saying that this one is too old.
export GOTOOLCHAIN=local CGO_ENABLED=0

say() { printf 'node: %s\n' "$*" >&2; }

# Of the packages containerd, runc and containernetworking-plugins.
containers=(containerd containerd-shim-runc-v2 ctr runc)
plugins=(bridge host-local loopback)
ours=(kubelet kube-scheduler pause names)

# complete FOLDER NAME...: whether all of these are programs in the folder.
complete() {
	local folder=$1 name
	shift
	for name in "$@"; do
		[[ -x $folder/$name ]] || return 1
	done
}

# unpack FOLDER: the programs of Debian's packages.
unpack() {
	local package name found
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say "this is no Debian, whose packages containerd, runc and containernetworking-plugins are unpacked here"
		return 1
	fi
	say "unpacking Debian's packages containerd, runc and containernetworking-plugins"
	# Its own user cannot write here, and says so at length.
	fetch() {
		(cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root containerd runc containernetworking-plugins >&2)
	}
	# A fresh machine has no lists of packages yet.
	fetch 2>/dev/null || { apt-get update -qq >&2 && fetch; } || {
		say "Debian's packages cannot be fetched"
		return 1
	}
	for package in "$unfinished"/*.deb; do
		dpkg-deb -x "$package" "$unfinished/content"
	done
	for name in "${containers[@]}" "${plugins[@]}"; do
		found=$(find "$unfinished/content" -type f \( -path "*bin/$name" -o -path "*/lib/cni/$name" \) | head -n 1)
		[[ -n $found ]] || { say "no $name in Debian's packages"; return 1; }
		install -m 755 "$found" "$1/$name"
	done
}

# compile FOLDER: the programs of go.mod.
compile() {
	local version=k8s.io/component-base/version release name package
	release=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' go.mod)
	# Another version than the control plane's would be another cluster than is tested elsewhere.
	if ! grep -q "k8s.io/kubernetes $release " ../controlplane/go.mod; then
		say "go.mod has Kubernetes $release, which is not that of tools/controlplane/go.mod"
		return 1
	fi
	for name in "${ours[@]}"; do
		package=./$name
		[[ $name != kube* ]] || package=k8s.io/kubernetes/cmd/$name
		say "building $name"
		go build -buildvcs=false -trimpath -ldflags "-s -w -X $version.gitVersion=$release" -o "$unfinished/$name" "$package" >&2
		mv -f "$unfinished/$name" "$1/$name"
	done
}

../check-tools.sh go python3 flock
plane=$(../controlplane/build.sh)
if command -v sha256sum >/dev/null; then
	sha256() { sha256sum | cut -c 1-16; }
else
	sha256() { shasum -a 256 | cut -c 1-16; }
fi
folder=$cache/node-$({ cat go.mod go.sum pause/main.go names/main.go build.sh pack-image.py; printf '%s' "$plane"; } | sha256)

if ! complete "$folder" "${ours[@]}" "${containers[@]}" "${plugins[@]}" kubectl || [[ ! -e $folder/pause.tar ]]; then
	mkdir -p "$folder"
	# Two runs would each compile for minutes.
	exec 9>"$cache/node.lock"
	flock -n 9 || { say "waiting for another run that builds"; flock 9; }
	unfinished=$(mktemp -d "$cache/node-unfinished.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	trap 'exit 130' INT TERM HUP
	complete "$folder" "${containers[@]}" "${plugins[@]}" || unpack "$folder"
	complete "$folder" "${ours[@]}" || compile "$folder"
	./pack-image.py --output "$folder/pause.tar" --name localhost/pause:1 --user 65535:65535 "$folder/pause:/pause" >&2
	for name in etcd kube-apiserver kube-controller-manager kubectl; do
		ln -sfn "$plane/$name" "$folder/$name"
	done
fi

printf '%s\n' "$folder"
