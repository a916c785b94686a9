#!/usr/bin/env bash
# Unpacks packages of Debian's into the cache folder, once per machine, and prints the folder. Nothing is installed, so that no
# service starts and no right is needed beyond reading the lists of packages. That takes some seconds.
#
#   tools/debian-packages.sh php-cli                  with all that it needs and this machine lacks
#   tools/debian-packages.sh --alone containerd runc  these and nothing else
set -euo pipefail

alone=0
if [[ $1 == --alone ]]; then
	alone=1
	shift
fi
say() { printf 'packages: %s\n' "$*" >&2; }

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
folder=$cache/debian-$(IFS=-; printf '%s' "$*")
((alone == 0)) || folder+=-alone

if [[ ! -d $folder ]]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say "this is no Debian to take $* from"
		exit 1
	fi
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$folder.lock"
		flock -n 9 || { say "waiting for another run that unpacks"; flock 9; }
	fi
fi
if [[ ! -d $folder ]]; then
	say "unpacking $* into $folder"
	unfinished=$(mktemp -d "$folder-unfinished.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	trap 'exit 130' INT TERM HUP
	fetch() {
		local packages=("$@") needed
		if ((alone == 0)); then
			# What apt would install.
			needed=$(apt-get --simulate --no-install-recommends install "$@" | awk '/^Inst/ { print $2 }')
			[[ -n $needed ]] || return 1
			mapfile -t packages <<<"$needed"
		fi
		# Its own user cannot write here, and says so at length.
		(cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}" >&2)
	}
	# A fresh machine has no lists of packages yet.
	fetch "$@" 2>/dev/null || { apt-get update -qq >&2 && fetch "$@"; } || {
		say "$* cannot be fetched"
		exit 1
	}
	for archive in "$unfinished"/*.deb; do
		dpkg-deb -x "$archive" "$unfinished/content"
	done
	# In one step, so that the folder is complete if it is there.
	mv "$unfinished/content" "$folder"
fi

printf '%s\n' "$folder"
