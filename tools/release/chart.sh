#!/usr/bin/env bash
# Packs the chart as it is published: with the image that it was released with, by its digest, which nobody can move.
#
#   tools/release/chart.sh ghcr.io/OWNER/tracktik-operator sha256:... FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

repository=$1 digest=$2
mkdir -p "$3"
into=$(cd "$3" && pwd)
programs=$(tools/charttools/build.sh)
unfinished=$(mktemp -d)
trap 'rm -rf "$unfinished"' EXIT
cp -R charts/tracktik-operator "$unfinished/"
chart=$unfinished/tracktik-operator
sed -i.before -e '/^image:/,/^[a-z]/{' -e "s|^  repository: .*|  repository: $repository|" -e "s|^  digest: .*|  digest: $digest|" -e '}' \
	"$chart/values.yaml"
rm "$chart/values.yaml.before"
(cd "$chart" && "$programs/helm-docs" --log-level warning)
# What counts is what it renders.
rendered=$("$programs/helm" template tracktik-operator "$chart")
if ! grep -qF "image: $repository@$digest" <<<"$rendered" && ! grep -qF "image: \"$repository@$digest\"" <<<"$rendered"; then
	printf 'the chart does not name %s@%s\n' "$repository" "$digest" >&2
	exit 1
fi
# Helm packs the times of the files, and the same chart is to be the same archive.
find "$chart" -exec env TZ=UTC touch -t 198001010000 {} +
"$programs/helm" package "$chart" --destination "$into" >&2
