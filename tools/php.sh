#!/usr/bin/env bash
# Prints the path of PHP, which runs an example of the documents: the one on the PATH, or else Debian's, unpacked into the cache
# folder and not installed, so that no right is needed beyond reading the lists of packages. That takes some seconds.
set -euo pipefail

say() { printf 'php: %s\n' "$*" >&2; }

if command -v php >/dev/null; then
	command -v php
	exit
fi

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
folder=$cache/php

if [[ ! -x $folder/php ]]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say "missing, and this is no Debian to take it from: install it (macOS: brew install php)"
		exit 1
	fi
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$folder.lock"
		flock 9
	fi
fi
if [[ ! -x $folder/php ]]; then
	say "unpacking Debian's package php-cli into $folder"
	unfinished=$(mktemp -d "$cache/php-unfinished.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	# What apt would install, the libraries that this machine lacks included. Its own user cannot write here, and says so at length.
	fetch() {
		local packages
		packages=$(apt-get --simulate --no-install-recommends install php-cli | awk '/^Inst/ { print $2 }')
		[[ -n $packages ]] || return 1
		# shellcheck disable=SC2086 # a list of names
		(cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root $packages >&2)
	}
	# A fresh machine has no lists of packages yet.
	fetch 2>/dev/null || { apt-get update -qq >&2 && fetch; } || {
		say "Debian's package php-cli cannot be fetched; with php on the PATH it is not needed"
		exit 1
	}
	for package in "$unfinished"/*.deb; do
		dpkg-deb -x "$package" "$unfinished/content"
	done
	programs=("$unfinished"/content/usr/bin/php[0-9]*.[0-9])
	libraries=$(cd "$unfinished/content" && find usr/lib -maxdepth 1 -name '*-linux-gnu*')
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$folder/$libraries" "$folder/usr/bin/$(basename "${programs[0]}")" \
		>"$unfinished/content/php"
	chmod +x "$unfinished/content/php"
	rm -rf "$folder"
	mv "$unfinished/content" "$folder"
fi

printf '%s\n' "$folder/php"
