#!/usr/bin/env bash
# Builds one of our programs for Linux, static, and prints its folder for each target:
#
#   tools/image/binaries.sh tracktik-operator x86_64-unknown-linux-musl aarch64-unknown-linux-musl
#
# The same sources, Rust and requirements.txt give the same bytes, in whatever folder, on whatever machine: no path of this
# one goes into them, the C compiler is a pinned one, and the linker and the C library are those that come with Rust.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=$1
shift
tools/check-tools.sh cargo cc python3 flock

# What the caller was started with must not matter: another compiler or a wrapper of it, flags, incremental builds, and what cargo
# tells a test about its package, which build scripts would take for news and everything be compiled again. So nothing stays but
# where things lie and how the network is reached.
for variable in $(compgen -e); do
	case $variable in
	PATH | PWD | HOME | TMPDIR | CARGO_HOME | CARGO_TARGET_DIR | RUSTUP_* | TRACKTIK_CACHE_DIR | XDG_CACHE_HOME | XDG_CONFIG_HOME) ;;
	CARGO_HTTP_* | CARGO_NET_* | CARGO_REGISTRIES_* | CARGO_SOURCE_* | PIP_* | *_CA_BUNDLE | SSL_CERT_* | *_PROXY | *_proxy) ;;
	*) unset "$variable" ;;
	esac
done
# Empty, they also outdo those of a settings file of cargo's.
export RUSTC_WRAPPER='' RUSTC_WORKSPACE_WRAPPER=''

programs=$(tools/python-programs.sh tools/image/requirements.txt)
ZIG=$("$programs/python" -c 'import pathlib, ziglang; print(pathlib.Path(ziglang.__file__).parent / "zig")')
export ZIG
export CC_x86_64_unknown_linux_musl=$PWD/tools/image/zig-cc.sh AR_x86_64_unknown_linux_musl=$PWD/tools/image/zig-ar.sh
export CC_aarch64_unknown_linux_musl=$CC_x86_64_unknown_linux_musl AR_aarch64_unknown_linux_musl=$AR_x86_64_unknown_linux_musl
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld

sysroot=$(rustc --print sysroot)
for target in "$@"; do
	if [[ ! -d $sysroot/lib/rustlib/$target ]]; then
		command -v rustup >/dev/null || {
			printf 'missing: the standard library of Rust for %s: install Rust with rustup, which fetches it\n' "$target" >&2
			exit 1
		}
		rustup target add "$target" >&2
	fi
done

built=${CARGO_TARGET_DIR:-target}
[[ $built == /* ]] || built=$PWD/$built
cargo fetch --locked >&2

# What a panic or an error tells of the place in the sources. Later ones win, so the folder of the build, which may be within
# that of the sources, comes after it. A registry's folder is named after where its packages were fetched from.
flags=("--remap-path-prefix=$PWD=/src" "--remap-path-prefix=$built=/target")
for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
	flags+=("--remap-path-prefix=$registry=/cargo")
done
flags+=("--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')")
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037' "${flags[@]}")
CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS%$'\037'}
export CARGO_ENCODED_RUSTFLAGS

for target in "$@"; do
	cargo build --locked --release --package tracktik-operator --bin "$program" --target "$target" >&2
	printf '%s\n' "$built/$target/release"
done
