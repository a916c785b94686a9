#!/usr/bin/env bash
# Publishes what tools/release/files.sh has made: the image and the chart into that registry, each signed by its digest.
#
#   tools/release/publish.sh ghcr.io/OWNER/tracktik-operator
#
# Prints `repository=`, `image=DIGEST` and `chart=DIGEST`. Who may push is known from `crane auth login` or `docker login`; who signs is whom the
# workflow's identity token names, or the key of COSIGN_FLAGS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

repository=$1
files=target/release-files
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
crane=$(tools/release/programs.sh crane)/crane
cosign=$(tools/release/programs.sh cosign)/cosign
helm=$(tools/charttools/build.sh)/helm
read -ra flags <<<"${COSIGN_FLAGS:-}"
# A registry on this machine, where one tries this, speaks no TLS.
plain=() insecure=()
if [[ $repository == localhost:* || $repository == 127.0.0.1:* ]]; then
	plain=(--plain-http) insecure=(--allow-http-registry)
fi

(cd "$files" && sha256sum --quiet --check SHA256SUMS)

layout=$(mktemp -d)
trap 'rm -rf "$layout"' EXIT
tar -xf "$files/tracktik-operator.tar" -C "$layout"
image=$("$crane" push "$layout" "$repository:$version")
image=${image##*@}
printf 'repository=%s\nimage=%s\n' "$repository" "$image"
"$cosign" sign --yes --recursive ${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} "$repository@$image" >&2
"$cosign" attest --yes --type cyclonedx --predicate "$files/tracktik-operator.cdx.json" \
	${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} "$repository@$image" >&2

"$helm" push "$files/tracktik-operator-$version.tgz" "oci://$repository/charts" ${plain[@]+"${plain[@]}"} >&2
chart=$("$crane" digest "$repository/charts/tracktik-operator:$version")
printf 'chart=%s\n' "$chart"
"$cosign" sign --yes ${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} \
	"$repository/charts/tracktik-operator@$chart" >&2
