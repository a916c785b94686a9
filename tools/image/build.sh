#!/usr/bin/env bash
# Builds the image for the given kinds of machine, or for all, into target/image, and prints each archive with its digest; beside
# them tracktik-operator.cdx.json tells what it is made of:
#
#   tools/image/build.sh [amd64] [arm64] [here]
#
# `here` is the kind of machine that this one is. IMAGE names it (default: tracktik-operator, the chart's default), INTO is another
# folder, SOURCE tells where the sources are. The version is Cargo.toml's. No container engine is needed, and two builds of one
# commit give the same digest: what else goes in is pinned, or told in the image's history (the Rust).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

(($#)) || set -- amd64 arm64
architectures=() targets=()
for architecture in "$@"; do
	[[ $architecture != here ]] || architecture=$(uname -m | sed -e 's/^x86_64$/amd64/' -e 's/^aarch64$/arm64/')
	architectures+=("$architecture")
	case $architecture in
	amd64) targets+=(x86_64-unknown-linux-musl) ;;
	arm64) targets+=(aarch64-unknown-linux-musl) ;;
	*)
		printf 'the image is for amd64 and arm64, not for %s\n' "$architecture" >&2
		exit 2
		;;
	esac
done
folders=$(tools/image/binaries.sh tracktik-operator "${targets[@]}")
programs=()
for architecture in "${architectures[@]}"; do
	programs+=("$architecture=${folders%%$'\n'*}/tracktik-operator")
	folders=${folders#*$'\n'}
done

# Of a commit only if it is that commit: what has been changed since is nobody's revision.
told=() created=${SOURCE_DATE_EPOCH:-0}
changed=$(git status --porcelain 2>&1)
if [[ -z $changed ]]; then
	told=(--revision "$(git rev-parse HEAD)")
	created=${SOURCE_DATE_EPOCH:-$(git show --no-patch --format=%ct HEAD)}
else
	printf 'the image is of no commit, so it names none and its digest is another: %s\n' "$(head -n 1 <<<"$changed")" >&2
fi
[[ -z ${SOURCE:-} ]] || told+=(--source "$SOURCE")

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
pinned=$(sed -n 's/^\([a-z]*\)==\([^ ]*\).*/\1 \2/p' tools/image/requirements.in | paste -sd , -)
python=$(tools/python-programs.sh tools/image/requirements.txt)/python
into=${INTO:-${CARGO_TARGET_DIR:-target}/image}
mkdir -p "$into"
# Each file whole or not at all, for whoever loads one meanwhile.
unfinished=$(mktemp -d "$into/unfinished.XXXXXX")
trap 'rm -rf "$unfinished"' EXIT
all=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)
"$python" tools/image/sbom.py --created "$created" "${all[@]}" >"$unfinished/tracktik-operator.cdx.json"
"$python" tools/image/licences.py "${all[@]}" >"$unfinished/THIRD-PARTY-LICENSES"
packed=$("$python" tools/image/pack.py --into "$unfinished" --created "$created" \
	--name "${IMAGE:-docker.io/library/tracktik-operator}" --version "$version" \
	--made-with "$(rustc --version); ${pinned//,/, }" --license LICENSE --licenses "$unfinished/THIRD-PARTY-LICENSES" \
	--authorities "$("$python" -c 'import certifi; print(certifi.where())')" \
	${told[@]+"${told[@]}"} "${programs[@]}")
chmod 644 "$unfinished"/*
# One of an earlier build would pass for one of this.
[[ -e $unfinished/tracktik-operator.tar ]] || rm -f "$into/tracktik-operator.tar"
mv -f "$unfinished"/* "$into/"
while read -r archive digest; do
	printf '%s/%s %s %s bytes\n' "$into" "$archive" "$digest" "$(wc -c <"$into/$archive")"
done <<<"$packed"
