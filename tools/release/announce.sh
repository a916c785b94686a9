#!/usr/bin/env bash
# Makes the release on GitHub, with its files and how to check them.
#
#   tools/release/announce.sh v0.1.0 ghcr.io/OWNER/tracktik-operator sha256:IMAGE sha256:CHART
#
# FILES is another folder than target/release-files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tag=$1 image=$2 image_digest=$3 chart_digest=$4
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
cat >"$notes" <<NOTES
\`\`\`sh
helm install tracktik-operator oci://$image/charts/tracktik-operator --version ${tag#v} \\
  --namespace tracktik-system --create-namespace --wait --set 'namespaces={integrations}'
\`\`\`

| what | by its digest |
|---|---|
| image | \`$image@$image_digest\` |
| chart | \`$image/charts/tracktik-operator@$chart_digest\` |

\`kubectl tracktik\` is in the archives below. [docs/releasing.md]($GITHUB_SERVER_URL/$GITHUB_REPOSITORY/blob/$tag/docs/releasing.md) tells
how to check who signed, and how to build the same bytes.
NOTES

# All that SHA256SUMS names: who checks by it finds none missing.
folder=${FILES:-target/release-files}
files=("$folder/SHA256SUMS")
while read -r _ name; do
	files+=("$folder/$name")
done <"$folder/SHA256SUMS"
gh release create "$tag" --verify-tag --title "$tag" --notes-file "$notes" --generate-notes "${files[@]}"
