#!/usr/bin/env bash
# Whether the image of this commit comes out the same elsewhere: builds it here, as far as that is not done, and from nothing in a
# clone in another folder with another target folder, and compares the digests.
#
#   tools/image/reproduce.sh [amd64] [arm64]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ -n $(git status --porcelain) ]]; then
	printf 'there are changes that are in no commit, and a clone has none of them\n' >&2
	exit 2
fi
# Only name and digest: the folders differ.
digests() { awk '{ sub(".*/", "", $1); print $1, $2 }'; }

here=$(tools/image/build.sh "$@" | digests)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
git clone --quiet . "$elsewhere/a clone"
there=$(CARGO_TARGET_DIR="$elsewhere/built" "$elsewhere/a clone/tools/image/build.sh" "$@" | digests)

printf 'here:\n%s\nelsewhere:\n%s\n' "$here" "$there"
[[ $here == "$there" ]] || {
	printf 'they differ\n' >&2
	exit 1
}
