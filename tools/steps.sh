# To be sourced. Runs a job step by step and says which step runs, how long each took, and how it ended.
#
#   begin "make test" 2
#   step "compiling" cargo build
#   step "testing" cargo test
#   finish
#
# shellcheck shell=bash

begin() {
	job=$1 steps=$2 number=0 failed='' failure=0
	SECONDS=0
}

# step NAME COMMAND...: ends the script where the command fails.
step() {
	attempt "$@" || finish
}

# attempt NAME COMMAND...: where the command fails the script goes on, and finish tells.
attempt() {
	local name=$1 begun=$SECONDS status=0
	shift
	number=$((number + 1))
	printf '\n==> [%d/%d] %s\n' "$number" "$steps" "$name"
	"$@" || status=$?
	if ((status != 0)); then
		printf '==> [%d/%d] %s: FAILED after %s\n' "$number" "$steps" "$name" "$(duration $((SECONDS - begun)))"
		# The first tells most.
		[[ -n $failed ]] || failed=$name failure=$status
		return "$status"
	fi
	printf '==> [%d/%d] %s: done in %s\n' "$number" "$steps" "$name" "$(duration $((SECONDS - begun)))"
}

# Says how it went, and ends the script if that was badly.
finish() {
	if [[ -n $failed ]]; then
		printf '\n%s: FAILED at "%s", after %s\n' "$job" "$failed" "$(duration "$SECONDS")"
		exit "$failure"
	fi
	printf '\n%s: passed in %s\n' "$job" "$(duration "$SECONDS")"
}

# Seconds, for people.
duration() {
	if (($1 < 60)); then
		printf '%d s' "$1"
	else
		printf '%d min %d s' $(($1 / 60)) $(($1 % 60))
	fi
}

# What a script prints for other scripts; its progress is on stderr.
without_stdout() {
	"$@" >/dev/null
}
