#!/usr/bin/env bash
# Prints the path of a program that examples of the documents are run with: the one on the PATH, or else that of a package of
# Debian's, which is unpacked and not installed.
#
#   tools/debian-program.sh php php-cli
set -euo pipefail

name=$1 package=$2
say() { printf '%s: %s\n' "$name" "$*" >&2; }

if command -v "$name" >/dev/null; then
	command -v "$name"
	exit
fi

folder=$("$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh" "$package") || {
	say "missing: install it (macOS: brew install $name)"
	exit 1
}
if [[ ! -x $folder/$name ]]; then
	# Under its own name, or with a version behind it, to which Debian's alternatives would lead.
	program=$(cd "$folder" && find usr/bin -name "$name" -o -name "${name}[0-9]*.[0-9]" | head -n 1)
	[[ -n $program ]] || { say "is not in Debian's package $package"; exit 1; }
	# Those of what it needs are in the same folder.
	libraries=$(cd "$folder" && find usr -maxdepth 2 -path 'usr/lib/*-linux-gnu*')
	unfinished=$(mktemp "$folder/$name.XXXXXX")
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$folder/$libraries" "$folder/$program" >"$unfinished"
	chmod 755 "$unfinished"
	mv "$unfinished" "$folder/$name"
fi

printf '%s\n' "$folder/$name"
