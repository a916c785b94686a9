#!/usr/bin/env bash
# Builds what the demo needs and runs it. KEEP=1 leaves everything up at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/steps.sh

tools/check-tools.sh cargo cc go

begin "make demo" 2
step "programs of the control plane (the first time 5 to 10 minutes)" without_stdout tools/controlplane/build.sh
step "compiling the operator and the demo (the first time 4 minutes)" \
	cargo build --locked --package tracktik-operator --package testbed
printf '\n'

keep=()
[[ ${KEEP:-0} == 0 ]] || keep=(--keep)
built=${CARGO_TARGET_DIR:-target}/debug
# Not with `"${keep[@]}"` alone: the bash of macOS calls an empty list unset.
exec "$built/demo" --operator "$built/tracktik-operator" ${keep[@]+"${keep[@]}"}
