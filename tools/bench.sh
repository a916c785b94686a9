#!/usr/bin/env bash
# Measures the operator; see the table in CONTRIBUTING.md. With N or ONLY set: at scale alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/check-tools.sh cargo cc go
tools/controlplane/build.sh >/dev/null

bench() { cargo bench --locked --package tracktik-operator "$@"; }

if [[ -z ${N:-} && -z ${ONLY:-} ]]; then
	# Not the release build, which takes minutes to make and changes little: what counts is the way to the API server.
	for one in time_to_ready idle restarts; do
		bench --profile dev --bench "$one"
	done
fi
# Here it does change something.
cargo build --locked --profile scale --package testbed --bin simulator
bench --profile scale --bench scale
