#!/usr/bin/env bash
# Whether a tag is that of the version which the sources name, everywhere alike: v0.1.0 for 0.1.0.
#
#   tools/release/check-version.sh v0.1.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tag=$1 wrong=0
# same WHAT VERSION
same() {
	if [[ $2 != "${tag#v}" || $tag != v* ]]; then
		printf '%s is of version %s, the tag is %s\n' "$1" "${2:-(none)}" "$tag" >&2
		wrong=1
	fi
}
same Cargo.toml "$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)"
same Cargo.lock "$(sed -n '/^name = "tracktik-operator"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)"
same "the chart's version" "$(sed -n 's/^version: //p' charts/tracktik-operator/Chart.yaml)"
same "the chart's appVersion" "$(sed -n 's/^appVersion: //p' charts/tracktik-operator/Chart.yaml)"
same deploy/kustomization.yaml "$(sed -n 's/^ *newTag: \([^ ]*\).*/\1/p' deploy/kustomization.yaml)"
exit "$wrong"
