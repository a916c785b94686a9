#!/usr/bin/env bash
# The operator on a real node: builds what that takes, packs the images, and plays the scenes of tests/e2e inside the node.
#
#   tools/e2e.sh                  fails where no node can run
#   tools/e2e.sh --if-possible    says so there, loudly, and is content
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/steps.sh

if ! why=$(tools/node/possible.sh 2>&1); then
	if [[ ${1:-} == --if-possible ]]; then
		printf '\n*** make e2e is SKIPPED, nothing was tested on a real node: %s ***\n\n' "$why"
		exit 0
	fi
	printf '%s\n' "$why" >&2
	exit 1
fi
tools/check-tools.sh cargo cc go python3 node npm flock

images=target/e2e
# In bytes.
largest_image=15000000
mkdir -p "$images"

# A step that fails is seen by the status of its function alone, within which nothing ends at an error by itself.
compile() {
	cargo build --locked --package e2e --bins &&
		cargo build --locked --package testbed --bin simulator
}

# What runs in pods beside the operator, with the libraries that this machine runs it with; of busybox what examples/workload.yaml
# needs.
pack_images() {
	local servers
	servers=$(tests/servers/install.sh) &&
		tools/node/pack-image.py --output "$images/e2e.tar" --name localhost/e2e:1 \
			target/debug/reader:/reader target/debug/simulator:/simulator &&
		tools/node/pack-image.py --output "$images/oauth-server.tar" --name localhost/oauth-server:1 \
		"$(node -p process.execPath):/node" tests/servers/node/server.cjs:/server.cjs "$servers/node/node_modules:/node_modules" &&
		tools/node/pack-image.py --output "$images/busybox.tar" --name docker.io/library/busybox:1.37 /bin/sh:/bin/sh /bin/cat:/bin/cat /bin/sleep:/bin/sleep
}

# As it ships, under the name by which the chart asks for it.
operator_image() {
	local built size
	built=$(tools/image/build.sh here) || return
	printf '%s\n' "$built"
	archive=${built%% *}
	size=$(wc -c <"$archive") || return
	if ((size >= largest_image)); then
		printf 'the image has %d bytes, and is to have less than %d\n' "$size" "$largest_image"
		return 1
	fi
}

play() {
	local programs
	programs=$(tools/charttools/build.sh) || return
	IMAGES="$archive $images/e2e.tar $images/oauth-server.tar $images/busybox.tar" PATH=$PWD/target/debug:$programs:$PATH \
		setpriv --pdeathsig KILL tools/node/run.sh target/debug/e2e --repository "$PWD"
}

begin "make e2e" 8
step "programs of the node (the first time 10 minutes)" without_stdout tools/node/build.sh
step "what the chart is installed with (the first time 2 minutes)" without_stdout tools/charttools/build.sh
step "the operator's image (the first time 5 minutes)" operator_image
step "compiling the scenes" compile
step "images of the scenes" pack_images
step "a node that is killed leaves nothing" tools/node/killed.sh
step "playing the scenes" play
step "nothing is left of the node" tools/node/left.sh
finish
