#!/usr/bin/env bash
# Publishes what tools/release/files.sh has made: the image and the chart into that registry, each signed by its digest.
#
#   tools/release/publish.sh ghcr.io/OWNER/tracktik-operator
#
# Prints `repository=`, `image=DIGEST` and `chart=DIGEST`. Who may push is known from `crane auth login` or `docker login`; who signs is whom the
# workflow's identity token names, or the key of COSIGN_FLAGS. COSIGN is another cosign than the one that is built here, FILES
# another folder.
#
# A version that is there already stays what it is: the same again is only signed once more, another is refused.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

refuse() {
	printf 'publish.sh: %s\n' "$*" >&2
	exit 1
}
repository=$1
files=${FILES:-target/release-files}
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
crane=$(tools/release/programs.sh crane)/crane
cosign=${COSIGN:-$(tools/release/programs.sh cosign)/cosign}
helm=$(tools/release/programs.sh helm)/helm
read -ra flags <<<"${COSIGN_FLAGS:-}"
# A registry on this machine, where one tries this, speaks no TLS.
plain=() insecure=()
if [[ $repository == localhost:* || $repository == 127.0.0.1:* ]]; then
	plain=(--plain-http) insecure=(--allow-http-registry)
fi
unfinished=$(mktemp -d)
trap 'rm -rf "$unfinished"' EXIT

# The digest that a name has in the registry, or nothing if it is not there. Any other answer is no answer.
published() {
	"$crane" digest "$1" 2>"$unfinished/answer" && return
	grep -qE 'MANIFEST_UNKNOWN|NAME_UNKNOWN' "$unfinished/answer" ||
		refuse "whether $1 is there cannot be told: $(tail -n 1 "$unfinished/answer")"
}
# What a template renders with the chart's values, as Helm reads them.
value_of_chart() {
	local chart=$unfinished/chart/tracktik-operator
	rm -rf "$unfinished/chart"
	mkdir "$unfinished/chart"
	tar -xzf "$1" -C "$unfinished/chart"
	rm -rf "$chart/templates"
	mkdir "$chart/templates"
	printf '%s' "$2" >"$chart/templates/value.yaml"
	"$helm" template tracktik-operator "$chart" | sed -n 's/^value: //p'
}

(cd "$files" && sha256sum --quiet --check SHA256SUMS) || refuse "the files are not those of SHA256SUMS"
chart_file=tracktik-operator-$version.tgz
for file in "$chart_file" tracktik-operator.tar tracktik-operator.cdx.json; do
	awk '{ print $2 }' "$files/SHA256SUMS" | grep -qxF -- "$file" || refuse "SHA256SUMS does not name $file"
done
packed=sha256:$(awk -v file="$chart_file" '$2 == file { print $1 }' "$files/SHA256SUMS")

# All that can be wrong is found before anything is published.
layout=$unfinished/layout
mkdir "$layout"
tar -xf "$files/tracktik-operator.tar" -C "$layout"
image=$(python3 -c 'import json, sys; [root] = json.load(open(sys.argv[1]))["manifests"]; print(root["digest"])' "$layout/index.json")
named=$(value_of_chart "$files/$chart_file" 'value: {{ .Values.image.repository }}@{{ .Values.image.digest }}')
[[ $named == "$repository@$image" ]] || refuse "the chart names $named, to be published is $repository@$image"
there=$(published "$repository:$version")
[[ -z $there || $there == "$image" ]] || refuse "$repository:$version is published already, as $there; this is $image"

# Whether the chart of that digest has just the packed file.
is_the_packed_chart() {
	local layers
	layers=$("$crane" manifest "$1" | python3 -c 'import json, sys; print(*(layer["digest"] for layer in json.load(sys.stdin)["layers"]))')
	[[ $layers == "$packed" ]] || refuse "$1 has $layers, $chart_file is $packed"
}
charts=$repository/charts
chart=$(published "$charts/tracktik-operator:$version")
[[ -z $chart ]] || is_the_packed_chart "$charts/tracktik-operator@$chart"

pushed=$("$crane" push "$layout" "$repository:$version")
[[ $pushed == "$repository@$image" ]] || refuse "pushed was $pushed instead of $repository@$image"
printf 'repository=%s\nimage=%s\n' "$repository" "$image"
"$cosign" sign --yes --recursive ${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} "$repository@$image" >&2
"$cosign" attest --yes --type cyclonedx --predicate "$files/tracktik-operator.cdx.json" \
	${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} "$repository@$image" >&2

if [[ -z $chart ]]; then
	# What the tag answers afterwards might be somebody else's.
	pushed=$("$helm" push "$files/$chart_file" "oci://$charts" ${plain[@]+"${plain[@]}"} 2>&1) || refuse "$pushed"
	chart=$(sed -n 's/^Digest: //p' <<<"$pushed")
	[[ $chart =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "helm tells no digest: $pushed"
	is_the_packed_chart "$charts/tracktik-operator@$chart"
fi
printf 'chart=%s\n' "$chart"
"$cosign" sign --yes ${insecure[@]+"${insecure[@]}"} ${flags[@]+"${flags[@]}"} "$charts/tracktik-operator@$chart" >&2
