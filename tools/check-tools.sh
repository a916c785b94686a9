#!/usr/bin/env bash
# Names each of the given tools that is missing or too old, in one line with how to get it, and fails if there is any.
#
#   tools/check-tools.sh cargo cc go
#
# Known: cargo rustfmt clippy cc go python3 node npm flock
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lacking=0
lack() {
	printf 'missing: %s\n' "$*" >&2
	lacking=1
}

# at_least WANTED FOUND
at_least() {
	[[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]
}

check_cargo() {
	local wanted found
	wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
	if ! command -v cargo >/dev/null; then
		lack "cargo, $wanted or newer: install Rust as https://www.rust-lang.org/tools/install says"
		return
	fi
	# Fails where rustup is installed and no toolchain is.
	found=$(cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p') || true
	if [[ -z $found ]]; then
		lack "a Rust toolchain, $wanted or newer: run 'rustup default stable'"
	elif ! at_least "$wanted" "$found"; then
		lack "cargo $wanted or newer, this is $found: run 'rustup update stable', or install Rust as https://www.rust-lang.org/tools/install says"
	fi
}

check_rustfmt() {
	cargo fmt --version >/dev/null 2>&1 || lack "rustfmt: run 'rustup component add rustfmt'"
}

check_clippy() {
	cargo clippy --version >/dev/null 2>&1 || lack "clippy: run 'rustup component add clippy'"
}

check_cc() {
	command -v cc >/dev/null ||
		lack "cc, a C compiler, for the cryptography (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install)"
}

check_go() {
	local wanted found
	wanted=$(sed -n 's/^go //p' tools/controlplane/go.mod)
	if ! command -v go >/dev/null; then
		lack "go, $wanted or newer, to build the control plane: install it as https://go.dev/doc/install says"
		return
	fi
	# Elsewhere: in a module that asks for a newer one, an old Go does not even tell its version.
	found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
	found=${found#go}
	found=${found%%[!0-9.]*}
	at_least "$wanted" "$found" ||
		lack "go $wanted or newer, this is $found: update it as https://go.dev/doc/install says"
}

check_python3() {
	python3 -c 'import sys, ensurepip, venv; assert sys.version_info >= (3, 11)' 2>/dev/null ||
		lack "python3 with venv, 3.11 or newer (Debian: apt-get install python3 python3-venv; macOS: brew install python3)"
}

check_node() {
	node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null ||
		lack "node, 18 or newer (Debian: apt-get install nodejs; macOS: brew install node)"
}

check_npm() {
	command -v npm >/dev/null || lack "npm (Debian: apt-get install npm; elsewhere it comes with node)"
}

check_flock() {
	command -v flock >/dev/null || lack "flock (Debian: apt-get install util-linux; macOS: brew install flock)"
}

for tool in "$@"; do
	case $tool in
	cargo) check_cargo ;;
	rustfmt) check_rustfmt ;;
	clippy) check_clippy ;;
	cc) check_cc ;;
	go) check_go ;;
	python3) check_python3 ;;
	node) check_node ;;
	npm) check_npm ;;
	flock) check_flock ;;
	*) lack "$tool, which tools/check-tools.sh does not know" ;;
	esac
done
exit "$lacking"
