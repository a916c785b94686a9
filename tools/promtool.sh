#!/usr/bin/env bash
# Prints the path of promtool, which lints metrics and tests alert rules: the one on the PATH, or else Debian's, unpacked and not
# installed. That takes 15 s; its Go module would have 1,100 packages compiled, most of which nothing else here uses.
set -euo pipefail

if command -v promtool >/dev/null; then
	command -v promtool
	exit
fi

folder=$("$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh" --alone prometheus) || {
	printf 'promtool: missing: install Prometheus, which brings it (macOS: brew install prometheus)\n' >&2
	exit 1
}
printf '%s\n' "$folder/usr/bin/promtool"
