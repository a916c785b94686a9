#!/usr/bin/env bash
# Builds the image for the given kinds of machine, or for all, into target/image, and prints each archive with its digest:
#
#   tools/image/build.sh [amd64] [arm64]
#
# IMAGE names it (default: tracktik-operator, the chart's default). The version is Cargo.toml's. No container engine is needed,
# and two builds of one commit give the same digest: what else goes in is pinned, or told in the image's history (the Rust).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

(($#)) || set -- amd64 arm64
targets=()
for architecture in "$@"; do
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
for architecture in "$@"; do
	programs+=("$architecture=${folders%%$'\n'*}/tracktik-operator")
	folders=${folders#*$'\n'}
done

# Of a commit only if it is that commit: what has been changed since is nobody's revision.
told=()
if [[ -z $(git status --porcelain 2>&1) ]]; then
	told=(--revision "$(git rev-parse HEAD)" --created "${SOURCE_DATE_EPOCH:-$(git show --no-patch --format=%ct HEAD)}")
fi
[[ -z ${SOURCE:-} ]] || told+=(--source "$SOURCE")

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
pinned=$(sed -n 's/^\([a-z]*\)==\([^ ]*\).*/\1 \2/p' tools/image/requirements.in | paste -sd , -)
python=$(tools/python-programs.sh tools/image/requirements.txt)/python
into=${CARGO_TARGET_DIR:-target}/image
"$python" tools/image/pack.py --into "$into" --name "${IMAGE:-docker.io/library/tracktik-operator}" --version "$version" \
	--made-with "$(rustc --version); ${pinned//,/, }" --license LICENSE \
	--authorities "$("$python" -c 'import certifi; print(certifi.where())')" \
	${told[@]+"${told[@]}"} "${programs[@]}" | while read -r archive digest; do
	printf '%s/%s %s %s bytes\n' "$into" "$archive" "$digest" "$(wc -c <"$into/$archive")"
done
