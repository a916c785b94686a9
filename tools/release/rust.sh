#!/usr/bin/env bash
# Makes exactly the Rust that Cargo.toml names the one in use, with these components: another one makes another image.
#
#   tools/release/rust.sh [rustfmt] [clippy]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' Cargo.toml)
# 1.95 is its first release.
[[ $version == *.*.* ]] || version=$version.0
components=()
for component in "$@"; do
	components+=(--component "$component")
done
rustup toolchain install "$version" --profile minimal --no-self-update ${components[@]+"${components[@]}"}
rustup default "$version"
