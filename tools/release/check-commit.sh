#!/usr/bin/env bash
# Whether the commit that is checked out has been merged: a tag alone, which any commit may be given, releases nothing. Needs the
# history, so a clone that is not shallow.
#
#   tools/release/check-commit.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! git merge-base --is-ancestor HEAD refs/remotes/origin/main; then
	printf '%s is not in origin/main\n' "$(git rev-parse HEAD)" >&2
	exit 1
fi
