#!/usr/bin/env bash
# Prints the path of a program that examples of the documents are run with: the one on the PATH, or else that of a package of
# Debian's, unpacked into the cache folder and not installed, so that no right is needed beyond reading the lists of packages. That
# takes some seconds.
#
#   tools/debian-program.sh php php-cli
set -euo pipefail

name=$1 package=$2
say() { printf '%s: %s\n' "$name" "$*" >&2; }

if command -v "$name" >/dev/null; then
	command -v "$name"
	exit
fi

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
folder=$cache/debian-$package

if [[ ! -x $folder/$name ]]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say "missing, and this is no Debian to take it from: install it (macOS: brew install $name)"
		exit 1
	fi
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$folder.lock"
		flock 9
	fi
fi
if [[ ! -x $folder/$name ]]; then
	say "unpacking Debian's package $package into $folder"
	unfinished=$(mktemp -d "$folder-unfinished.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	# What apt would install, the libraries that this machine lacks included. Its own user cannot write here, and says so at length.
	fetch() {
		local packages
		packages=$(apt-get --simulate --no-install-recommends install "$package" | awk '/^Inst/ { print $2 }')
		[[ -n $packages ]] || return 1
		# shellcheck disable=SC2086 # a list of names
		(cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root $packages >&2)
	}
	# A fresh machine has no lists of packages yet.
	fetch 2>/dev/null || { apt-get update -qq >&2 && fetch; } || {
		say "Debian's package $package cannot be fetched; with $name on the PATH it is not needed"
		exit 1
	}
	for archive in "$unfinished"/*.deb; do
		dpkg-deb -x "$archive" "$unfinished/content"
	done
	# Under its own name, or with a version behind it, to which Debian's alternatives would lead.
	program=$(cd "$unfinished/content" && find usr/bin -name "$name" -o -name "${name}[0-9]*.[0-9]" | head -n 1)
	libraries=$(cd "$unfinished/content" && find usr -maxdepth 2 -path 'usr/lib/*-linux-gnu*')
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$folder/$libraries" "$folder/$program" >"$unfinished/content/$name"
	chmod +x "$unfinished/content/$name"
	rm -rf "$folder"
	mv "$unfinished/content" "$folder"
fi

printf '%s\n' "$folder/$name"
