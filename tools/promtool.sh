#!/usr/bin/env bash
# Prints the path of promtool, which lints metrics and tests alert rules: the one on the PATH, or else Debian's, unpacked
# into the cache folder and not installed, so that no service starts and no right is needed beyond reading the lists of
# packages. That takes 15 s; its Go module would have 1,100 packages compiled, most of which nothing else here uses.
set -euo pipefail

say() { printf 'promtool: %s\n' "$*" >&2; }

if command -v promtool >/dev/null; then
	command -v promtool
	exit
fi

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
folder=$cache/promtool

if [[ ! -x $folder/usr/bin/promtool ]]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say "missing, and this is no Debian to take it from: install Prometheus, which brings it (macOS: brew install prometheus)"
		exit 1
	fi
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$folder.lock"
		flock 9
	fi
fi
if [[ ! -x $folder/usr/bin/promtool ]]; then
	say "unpacking Debian's package prometheus into $folder"
	unfinished=$(mktemp -d "$cache/promtool-unfinished.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	# Its own user cannot write here, and says so at length.
	fetch() { (cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root prometheus >&2); }
	# A fresh machine has no lists of packages yet.
	fetch 2>/dev/null || { apt-get update -qq >&2 && fetch; } || {
		say "Debian's package prometheus cannot be fetched; with promtool on the PATH it is not needed"
		exit 1
	}
	dpkg-deb -x "$unfinished"/prometheus_*.deb "$unfinished/content"
	rm -rf "$folder"
	mv "$unfinished/content" "$folder"
fi

printf '%s\n' "$folder/usr/bin/promtool"
