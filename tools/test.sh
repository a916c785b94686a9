#!/usr/bin/env bash
# All tests, from whatever state the machine is in: builds and installs first what they run against.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/steps.sh

tools/check-tools.sh cargo cc go python3 node npm flock

# What a registry is asked with, and linters of workflows.
publishing() {
	tools/release/programs.sh crane &&
		tools/release/programs.sh actionlint &&
		tools/python-programs.sh tests/release/linters/requirements.txt
}

# Runs all of them, also after a failure, and ends with what a person wants to know.
run_tests() {
	local output status=0
	output=$(mktemp)
	# Only stdout, so that cargo's own progress stays as it is.
	cargo test --workspace --locked --no-fail-fast --config 'target."cfg(all())".runner="tools/test-binary.sh"' |
		tee "$output" || status=$?
	printf '\n'
	awk '
		/^test result: / {
			for (i = 2; i <= NF; i++) {
				if ($i == "passed;") passed += $(i - 1)
				if ($i == "failed;") failed += $(i - 1)
				if ($i == "ignored;") ignored += $(i - 1)
			}
		}
		/^test .* FAILED$/ { names = names "\n  " $2 }
		END { printf "%d passed, %d failed, %d ignored%s\n", passed, failed, ignored, names }
	' "$output"
	rm -f "$output"
	return "$status"
}

begin "make test" 9
step "programs of the control plane (the first time 5 to 10 minutes)" without_stdout tools/controlplane/build.sh
step "OAuth servers (the first time a minute)" without_stdout tests/servers/install.sh
step "what GitOps tools say (the first time a minute)" without_stdout tools/go-tool.sh gitops
step "what the chart is made and checked with (the first time 2 minutes)" without_stdout tools/charttools/build.sh
step "linters of manifests (the first time a minute)" without_stdout tools/python-programs.sh tests/chart/linters/requirements.txt
step "what publishes, and linters of workflows (the first time a minute)" without_stdout publishing
step "the image for this kind of machine (the first time 4 minutes)" without_stdout tools/image/build.sh here
step "compiling the operator and its tests (the first time 5 minutes)" cargo test --workspace --locked --no-run
step "testing" run_tests
finish
