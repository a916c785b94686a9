#!/usr/bin/env bash
# Runs one test binary, as cargo does, with as many tests side by side as fit it.
set -euo pipefail

case ${1##*/} in
# Most of what these do is wait: for the pace of a retry, a lease, the end of a token. As many as processors would leave
# those idle; with ten, some that say within which time something happens are late on a machine that is busy.
real-* | leader-*) export RUST_TEST_THREADS=${RUST_TEST_THREADS:-6} ;;
# What these measure is worth reading also where they pass: how many states were explored, how much was sent.
model-* | thirty_days-*) set -- "$@" --show-output ;;
esac
exec "$@"
