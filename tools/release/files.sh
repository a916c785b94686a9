#!/usr/bin/env bash
# Makes all files of a release into target/release-files, as they are published in that registry:
#
#   tools/release/files.sh ghcr.io/OWNER/tracktik-operator
#
# Builds, and so runs the code of every dependency: it is given no right and no secret. tools/release/publish.sh has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

repository=$1
# Known before minutes of building; what counts is checked below.
if [[ -n $(git status --porcelain) ]]; then
	printf 'files.sh: there are changes that are in no commit, and a release is of a commit\n' >&2
	exit 1
fi
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
into=$PWD/target/release-files
rm -rf "$into"
mkdir -p "$into"

images=$(IMAGE=$repository INTO=$into tools/image/build.sh amd64 arm64)
printf '%s\n' "$images"
tools/release/check-revision.sh "$into/tracktik-operator.tar"
digest=$(awk '$1 ~ /\/tracktik-operator\.tar$/ { print $2 }' <<<"$images")

python=$(tools/python-programs.sh tools/image/requirements.txt)/python
folders=$(tools/image/binaries.sh kubectl-tracktik x86_64-unknown-linux-musl aarch64-unknown-linux-musl)
for architecture in amd64 arm64; do
	"$python" tools/image/plugin.py "$into/kubectl-tracktik-$version-linux-$architecture.tar.gz" \
		"${folders%%$'\n'*}/kubectl-tracktik" LICENSE "$into/THIRD-PARTY-LICENSES"
	folders=${folders#*$'\n'}
done

tools/release/chart.sh "$repository" "$digest" "$into"

cd "$into"
if command -v sha256sum >/dev/null; then sha256sum -- *; else shasum -a 256 -- *; fi | tee ../SHA256SUMS
mv ../SHA256SUMS .
