#!/usr/bin/env bash
# Installs Python programs at exactly the locked versions, once per machine, and prints the folder that holds them.
#
#   tools/python-programs.sh tests/chart/linters/requirements.txt
set -euo pipefail

lock=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$(basename "$(dirname "$lock")")
cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
say() { printf '%s: %s\n' "$name" "$*" >&2; }

"$tools/check-tools.sh" python3 flock
# The interpreter is part of the key: a venv belongs to the one that made it, and a new release of Python under the same name
# would leave the packages where it does not look.
key=$(python3 - "$lock" <<'PYTHON'
import hashlib, pathlib, platform, sys

digest = hashlib.sha256(repr((sys.executable, sys.version, platform.machine())).encode())
digest.update(pathlib.Path(sys.argv[1]).read_bytes())
print(digest.hexdigest()[:16])
PYTHON
)
folder=$cache/$name-$key
# Written last: a folder without it is what an interrupted run left behind.
complete=$folder/complete

if [[ ! -e $complete ]]; then
	mkdir -p "$cache"
	# A venv holds its own path and cannot be renamed into place, so it is made there, under a lock that the kernel drops when its
	# holder dies.
	exec 9>"$folder.lock"
	flock -n 9 || { say "waiting for another run that installs"; flock 9; }
	if [[ ! -e $complete ]]; then
		started=$SECONDS
		say "installing into $folder"
		rm -rf "$folder"
		python3 -m venv "$folder"
		# Of wheels alone: to make one, what it is made with would be fetched, and that has no hashes here.
		"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary=:all: \
			--requirement "$lock" >&2
		touch "$complete"
		say "installed in $((SECONDS - started)) s"
	fi
fi

printf '%s\n' "$folder/bin"
