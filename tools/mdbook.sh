#!/usr/bin/env bash
# Builds mdBook at one version, once per machine, and prints the path of the program. Its dependencies are those of the lock file
# that it was published with, by their checksums. mdBook itself is pinned by its version alone: no hash of it is kept here, and
# that the package is the one once published rests on the registry, which lets nobody publish a version twice.
#
# Of its features only the search: without the server and the watcher of files there is a third less to compile.
set -euo pipefail

version=0.5.4
cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$cache/mdbook-$version-search
# Put there in one step by cargo, once it is compiled.
program=$folder/bin/mdbook

say() { printf 'mdbook: %s\n' "$*" >&2; }

if [[ ! -x $program ]]; then
	"$tools/check-tools.sh" cargo cc
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$folder.lock"
		flock -n 9 || { say "waiting for another run that builds"; flock 9; }
	fi
fi
if [[ ! -x $program ]]; then
	started=$SECONDS
	say "building $version"
	# Elsewhere, so that neither this repository's settings nor a target folder of the caller's has a part in it.
	(
		cd "$cache"
		unset CARGO_TARGET_DIR
		cargo install --quiet --locked --version "=$version" --no-default-features --features search --root "$folder" mdbook >&2
	)
	say "built in $((SECONDS - started)) s"
fi

printf '%s\n' "$program"
