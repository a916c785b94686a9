#!/usr/bin/env bash
# Everything that can be said without running a test: format, lints, dependencies, scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/steps.sh

tools/check-tools.sh cargo rustfmt clippy cc python3

scripts() {
	local script unformatted
	# bash's own check at least, where there is no shellcheck.
	for script in .ci/run tools/*.sh tools/*/*.sh tests/servers/*.sh; do
		bash -n "$script" || return 1
	done
	if command -v shellcheck >/dev/null; then
		shellcheck -x .ci/run tools/*.sh tools/*/*.sh tests/servers/*.sh || return 1
	else
		echo "shellcheck is not installed: the shell scripts were only parsed"
	fi
	if command -v gofmt >/dev/null; then
		unformatted=$(gofmt -l tools) || return 1
		if [[ -n $unformatted ]]; then
			printf 'not formatted as gofmt does:\n%s\n' "$unformatted"
			return 1
		fi
	fi
}

begin "make lint" 4
step "format" cargo fmt --all --check
step "scripts" scripts
step "lints" cargo clippy --workspace --all-targets --locked -- --deny warnings
step "dependencies" tools/check-dependencies.py
finish
