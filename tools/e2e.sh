#!/usr/bin/env bash
# The operator on a real node: builds what that takes, packs the images, and plays the scenes of tests/e2e inside the node.
#
#   tools/e2e.sh                  fails where no node can run
#   tools/e2e.sh --if-possible    says so there, loudly, and is content; not where only a tool is missing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/steps.sh

possible=0
why=$(tools/node/possible.sh 2>&1) || possible=$?
if ((possible == 3)) && [[ ${1:-} == --if-possible ]]; then
	printf '\n*** make e2e is SKIPPED, nothing was tested on a real node: %s ***\n\n' "$why"
	exit 0
elif ((possible != 0)); then
	printf '%s\n' "$why" >&2
	exit 1
fi
# shellcheck source=tools/node/settings.sh
source tools/node/settings.sh
tools/check-tools.sh cargo cc go python3 node npm flock

built=${CARGO_TARGET_DIR:-target}
# For the PATH.
[[ $built == /* ]] || built=$PWD/$built
images=$built/e2e
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
		tools/image/pack-files.py --output "$images/e2e.tar" --name localhost/e2e:1 \
			"$built/debug/reader:/reader" "$built/debug/simulator:/simulator" &&
		tools/image/pack-files.py --output "$images/oauth-server.tar" --name localhost/oauth-server:1 \
			"$(node -p process.execPath):/node" tests/servers/node/server.cjs:/server.cjs "$servers/node/node_modules:/node_modules" &&
		tools/image/pack-files.py --output "$images/busybox.tar" --name docker.io/library/busybox:1.37 \
			/bin/sh:/bin/sh /bin/cat:/bin/cat /bin/sleep:/bin/sleep
}

# As it ships, under the name by which the chart asks for it.
operator_image() {
	local printed size
	printed=$(tools/image/build.sh here) || return
	printf '%s\n' "$printed"
	# The digest and the size are behind it.
	archive=${printed% sha256:*}
	size=$(wc -c <"$archive") || return
	if ((size >= largest_image)); then
		printf 'the image has %d bytes, and is to have less than %d\n' "$size" "$largest_image"
		return 1
	fi
}

# From here to the end no other node comes between.
killed() {
	take_lock && tools/node/killed.sh
}

play() {
	local programs
	programs=$(tools/charttools/build.sh) || return
	PATH=$built/debug:$programs:$PATH setpriv --pdeathsig KILL tools/node/run.sh \
		--image="$archive" --image="$images/e2e.tar" --image="$images/oauth-server.tar" --image="$images/busybox.tar" \
		"$built/debug/e2e" --repository "$PWD"
}

begin "make e2e" 8
step "programs of the node (the first time 10 minutes)" without_stdout tools/node/build.sh
step "what the chart is installed with (the first time 2 minutes)" without_stdout tools/charttools/build.sh
step "the operator's image (the first time 5 minutes)" operator_image
step "compiling the scenes" compile
step "images of the scenes" pack_images
step "a node that is killed leaves nothing" killed
attempt "playing the scenes" play || true
# Also of a node whose scenes have failed.
attempt "nothing is left of the node" tools/node/left.sh || true
finish
