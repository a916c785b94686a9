#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager, kubectl and our supervisor `controlplane` from
# the versions pinned in go.mod, once, and prints the folder that holds them; what is built already, or
# stands complete in KUBEBUILDER_ASSETS, is used as it is. Nothing is downloaded but Go modules, and
# those are verified by go.sum.
set -euo pipefail

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
given_assets=${KUBEBUILDER_ASSETS:-}
# Both may be relative to the caller's folder, which the next line leaves.
[[ $cache == /* ]] || cache=$PWD/$cache
[[ -z $given_assets || $given_assets == /* ]] || given_assets=$PWD/$given_assets
cd "$(dirname "${BASH_SOURCE[0]}")"
# Unset, the Go command would fetch another toolchain instead of saying that this one is too old.
export GOTOOLCHAIN=local CGO_ENABLED=0

say() { printf 'controlplane: %s\n' "$*" >&2; }

if command -v sha256sum >/dev/null; then
	sha256() { sha256sum | cut -c 1-16; }
else
	sha256() { shasum -a 256 | cut -c 1-16; }
fi

# build FOLDER NAME: writes elsewhere and renames, so that a file in the folder is always complete.
build() {
	local folder=$1 name=$2 package started=$SECONDS reported=$SECONDS
	local version=k8s.io/component-base/version release major minor
	case $name in
	controlplane) package=. ;;
	etcd) package=go.etcd.io/etcd/server/v3 ;;
	*) package=k8s.io/kubernetes/cmd/$name ;;
	esac
	# A server built without these calls itself v0.0.0, which Helm's kubeVersion check refuses.
	release=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' go.mod)
	IFS=. read -r major minor _ <<<"${release#v}"
	say "building $name"
	go build -buildvcs=false -trimpath -o "$unfinished/$name" -ldflags "-s -w \
		-X $version.gitVersion=$release -X $version.gitMajor=$major \
		-X $version.gitMinor=$minor -X $version.gitTreeState=clean" "$package" >&2 &
	compiler=$!
	while kill -0 "$compiler" 2>/dev/null; do
		sleep 0.5
		if ((SECONDS - reported >= 30)); then
			reported=$SECONDS
			say "still building $name ($((SECONDS - started)) s)"
		fi
	done
	wait "$compiler" || { say "building $name failed"; exit 1; }
	compiler=
	mv -f "$unfinished/$name" "$folder/$name"
	say "built $name in $((SECONDS - started)) s"
}

# missing_in FOLDER NAME...: those names that are no program in the folder.
missing_in() {
	local folder=$1 name
	shift
	for name in "$@"; do
		[[ -x $folder/$name ]] || printf '%s ' "$name"
	done
}

kubernetes=(etcd kube-apiserver kube-controller-manager kubectl)
# Of their own key: an edit of the supervisor must not cost a minute of linking Kubernetes.
assets=$cache/kubernetes-$(cat go.mod go.sum build.sh | sha256)

if [[ -n $given_assets ]]; then
	absent=$(missing_in "$given_assets" "${kubernetes[@]}")
	if [[ -z $absent ]]; then
		assets=$given_assets
	else
		# Not mixed: a controller manager newer than its server is no supported pair.
		say "KUBEBUILDER_ASSETS=$given_assets lacks ${absent% }: using our own build of all four"
	fi
fi
folder=$cache/controlplane-$({ cat go.mod go.sum ./*.go build.sh; printf '%s' "$assets"; } | sha256)

if [[ -n $(missing_in "$assets" "${kubernetes[@]}")$(missing_in "$folder" "${kubernetes[@]}" controlplane) ]]; then
	../check-tools.sh go
	mkdir -p "$assets" "$folder"
	if command -v flock >/dev/null; then
		# Two runs would each compile for minutes; where there is no flock they do, harmlessly.
		exec 9>"$cache/controlplane.lock"
		flock -n 9 || { say "waiting for another run that builds"; flock 9; }
	fi
	unfinished=$(mktemp -d "$cache/controlplane-unfinished.XXXXXX")
	compiler=
	trap '[[ -z $compiler ]] || kill "$compiler" 2>/dev/null; rm -rf "$unfinished"' EXIT
	trap 'exit 130' INT TERM HUP
	absent=$(missing_in "$assets" "${kubernetes[@]}")
	[[ -z $absent ]] || say "building ${absent% }: the first time this takes 5 to 10 minutes, and 3 GB for Go's cache"
	for name in $absent; do
		build "$assets" "$name"
	done
	for name in "${kubernetes[@]}"; do
		ln -sfn "$assets/$name" "$folder/$name"
	done
	for name in $(missing_in "$folder" controlplane); do
		build "$folder" "$name"
	done
fi

printf '%s\n' "$folder"
