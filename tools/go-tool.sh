#!/usr/bin/env bash
# Builds the program of the Go module tools/NAME from the versions that its go.sum pins, once per state of that folder, and
# prints its path:
#
#   tools/go-tool.sh gitops
#
# Nothing is downloaded but Go modules. For a program of ours that tests run; the control plane, whose programs are
# Kubernetes' own, has a script of its own.
set -euo pipefail
name=$1
cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Unset, the Go command would fetch another toolchain instead of saying that this one is too old.
export GOTOOLCHAIN=local CGO_ENABLED=0

if command -v sha256sum >/dev/null; then
	sha256() { sha256sum | cut -c 1-16; }
else
	sha256() { shasum -a 256 | cut -c 1-16; }
fi
program=$cache/$name-$(cat "tools/$name"/* tools/go-tool.sh | sha256)/$name

if [[ ! -x $program ]]; then
	tools/check-tools.sh go
	mkdir -p "$(dirname "$program")"
	if command -v flock >/dev/null; then
		# Two runs would each compile for a minute; where there is no flock they do, harmlessly.
		exec 9>"$cache/$name.lock"
		flock 9
	fi
fi
if [[ ! -x $program ]]; then
	printf '%s: building it, the first time this takes a minute\n' "$name" >&2
	started=$SECONDS
	unfinished=$(mktemp "$program.XXXXXX")
	trap 'rm -f "$unfinished"' EXIT
	# Elsewhere and renamed, so that what has the name is complete.
	(cd "tools/$name" && go build -buildvcs=false -trimpath -ldflags "-s -w" -o "$unfinished" .) >&2
	chmod 755 "$unfinished"
	mv -f "$unfinished" "$program"
	printf '%s: built in %s s\n' "$name" "$((SECONDS - started))" >&2
fi
printf '%s\n' "$program"
