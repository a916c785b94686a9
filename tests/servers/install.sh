#!/usr/bin/env bash
# Installs the OAuth servers of this folder, at exactly the locked versions, into a cache folder, and
# prints that folder. With everything there already it takes a few milliseconds.
#
#   <folder>/venv/bin/python                             runs tests/servers/django/server.py
#   NODE_PATH=<folder>/node/node_modules node            runs tests/servers/node/server.cjs
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { echo "tests/servers: $*" >&2; }

# Every lack is named before giving up, so that one round of installing is enough.
lacking=0
need() {
  say "missing: $1"
  lacking=1
}
# The interpreter is part of the key: a venv belongs to the one that made it, and a new release of
# Python under the same name would leave the packages where it does not look.
key=$(python3 - "$here"/django/requirements.txt "$here"/node/package{,-lock}.json 2>/dev/null <<'PYTHON'
import hashlib, pathlib, platform, sys

assert sys.version_info >= (3, 10)
import ensurepip, venv  # Debian has them in a package of their own
digest = hashlib.sha256(repr((sys.executable, sys.version, platform.machine())).encode())
for lock in sys.argv[1:]:
    digest.update(pathlib.Path(lock).read_bytes())
print(digest.hexdigest()[:16])
PYTHON
) ||
  need "python3 with venv, 3.10 or later (Debian: apt-get install python3-venv; macOS: brew install python3)"
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null ||
  need "node, 18 or later (Debian: apt-get install nodejs; macOS: brew install node)"
command -v npm >/dev/null ||
  need "npm (Debian: apt-get install npm; elsewhere it comes with node)"
command -v flock >/dev/null ||
  need "flock (Debian: apt-get install util-linux; macOS: brew install flock)"
[ "$lacking" -eq 0 ] || exit 1

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
folder=$cache/servers-$key
# Written last: a folder without it is what an interrupted run left behind.
complete=$folder/complete

if [ ! -e "$complete" ]; then
  mkdir -p "$cache"
  # A venv holds its own path and cannot be renamed into place, so it is made there, under a lock
  # that the kernel drops when its holder dies. The lock lies beside the folder that gets removed.
  exec 9>"$folder.lock"
  if ! flock --nonblock 9; then
    say "waiting for another run that is installing"
    flock 9
  fi
  if [ ! -e "$complete" ]; then
    rm -rf "$folder"
    mkdir "$folder"

    say "installing django-oauth-toolkit into $folder"
    python3 -m venv "$folder/venv"
    # Of wheels alone: to make one, what it is made with would be fetched, and that has no hashes here.
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --no-input --require-hashes --only-binary=:all: --requirement "$here/django/requirements.txt" >&2

    say "installing @jmondi/oauth2-server into $folder"
    mkdir "$folder/node"
    cp "$here/node/package.json" "$here/node/package-lock.json" "$folder/node/"
    (cd "$folder/node" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)

    touch "$complete"
  fi
  exec 9>&-
fi

echo "$folder"
