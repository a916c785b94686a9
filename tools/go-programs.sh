#!/usr/bin/env bash
# Builds programs from the versions pinned in a folder's go.mod, once per machine, and prints the folder that holds them.
#
#   tools/go-programs.sh tools/charttools helm=helm.sh/helm/v4/cmd/helm podsecurity=./podsecurity
#   tools/go-programs.sh tools/node -X PACKAGE.VARIABLE=VALUE kubelet=k8s.io/kubernetes/cmd/kubelet    sets a variable
#
# Nothing is downloaded but Go modules, and those are verified by go.sum.
set -euo pipefail

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
# May be relative to the caller's folder, which is left below.
[[ $cache == /* ]] || cache=$PWD/$cache
script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$(basename "${BASH_SOURCE[0]}")
module=$(basename "$1")
cd "$1"
shift
linked='-s -w'
if [[ $1 == -X ]]; then
	linked+=" -X $2"
	shift 2
fi
# Unset, the Go command would fetch another toolchain instead of saying that this one is too old.
export GOTOOLCHAIN=local CGO_ENABLED=0

say() { printf '%s: %s\n' "$module" "$*" >&2; }

if command -v sha256sum >/dev/null; then
	sha256() { sha256sum | cut -c 1-16; }
else
	sha256() { shasum -a 256 | cut -c 1-16; }
fi

# Those of the wanted programs that the folder lacks, as they were asked for.
missing() {
	local wanted
	for wanted in "$@"; do
		[[ -x $folder/${wanted%%=*} ]] || printf '%s\n' "$wanted"
	done
}

sources=(go.mod go.sum)
while IFS= read -r file; do
	sources+=("$file")
done < <(find . -name '*.go' | LC_ALL=C sort)
folder=$cache/$module-$({ cat "${sources[@]}" "$script"; printf '%s\n' "$linked" "$@"; } | sha256)

if [[ -n $(missing "$@") ]]; then
	"$(dirname "$script")/check-tools.sh" go
	mkdir -p "$folder"
	if command -v flock >/dev/null; then
		# Two runs would each compile for minutes; where there is no flock they do, harmlessly.
		exec 9>"$folder.lock"
		flock -n 9 || { say "waiting for another run that builds"; flock 9; }
	fi
	# Elsewhere and renamed, so that a file in the folder is always complete.
	unfinished=$(mktemp -d "$folder.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	trap 'exit 130' INT TERM HUP
	while IFS= read -r wanted; do
		name=${wanted%%=*} started=$SECONDS
		say "building $name"
		go build -buildvcs=false -trimpath -ldflags "$linked" -o "$unfinished/$name" "${wanted#*=}" >&2
		mv -f "$unfinished/$name" "$folder/$name"
		say "built $name in $((SECONDS - started)) s"
	done < <(missing "$@")
fi

printf '%s\n' "$folder"
