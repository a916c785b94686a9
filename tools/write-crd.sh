#!/usr/bin/env bash
# Writes the CustomResourceDefinition into crds/ and into the chart, as the operator prints it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/check-tools.sh cargo cc

file=crds/tracktikcredentials.tracktik-operator.io.yaml
# Beside it first: a build that fails must not leave an empty file.
trap 'rm -f "$file.new"' EXIT
cargo run --locked --quiet --package tracktik-operator -- crd >"$file.new"
mv "$file.new" "$file"
cp "$file" charts/tracktik-operator/files/crds/
printf 'wrote %s, and its copy in charts/\n' "$file"
