#!/usr/bin/env bash
# The C compiler of the image: Zig's clang, for the target that the caller names as Rust does. ZIG is the program.
set -euo pipefail

arguments=()
for argument in "$@"; do
	case $argument in
	--target=*-unknown-linux-musl)
		target=${argument#--target=}
		arguments+=(-target "${target%%-*}-linux-musl")
		;;
	*) arguments+=("$argument") ;;
	esac
done
exec "$ZIG" cc "${arguments[@]}"
