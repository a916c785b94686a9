# To be sourced. What the node is called, which addresses it has, where its files are, and the lock. All addresses are of its own
# network namespace, so they collide with nothing outside.
# shellcheck shell=bash disable=SC2034

# The folder of its cgroups.
cluster=tracktik-node
node=$cluster
network=10.213
node_ip=$network.1.1
pods=$network.1.0/24
services=$network.2.0/24
# The Service "kubernetes". The API server listens there itself, which makes kube-proxy needless for it.
service_ip=$network.2.1
dns_ip=$network.2.10

# Without symbolic links, as the kernel writes it where it tells of mounts.
cache=$(readlink -m -- "${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}")
# Fixed, so that the next run finds what one left behind whose cleaning was killed as well.
[[ $cache == /?* ]] || { printf 'node: there is no folder for its files: set TRACKTIK_CACHE_DIR\n' >&2; exit 1; }
state=$cache/node-state
logs=$cache/node-logs
# Where the node itself sees its state: the kubelet does not find its mounts again in a path with blanks, and a socket's path may
# have a hundred characters.
state_inside=/run/$cluster

# These three are of the machine, whoever runs a node with whichever cache, and gone after it has been started anew.
lock=/run/$cluster.lock
# What the node has switched on in the host's cgroups (cgroups.sh), and how the host was before (host.sh).
controllers=/run/$cluster.controllers
before=/run/$cluster.before

say() { printf 'node: %s\n' "$*" >&2; }

# Waits for any other node on this machine to end, and keeps the lock as file 9 until the last process that has it open ends. What
# is started with it open has it, so that several scripts can follow each other with no other node between them.
take_lock() {
	[[ /proc/self/fd/9 -ef $lock ]] || exec 9>"$lock" || return
	flock -n 9 || { say "waiting for another node on this machine to end"; flock 9; }
}

# remove FOLDER: never through a mount, since what is mounted there is not ours to delete.
remove() {
	if grep -qF -e " $(as_mounted "$1") " -e " $(as_mounted "$1")/" /proc/mounts; then
		say "something is mounted below $1, nothing is deleted"
		return 1
	fi
	rm -rf --one-file-system "$1"
}

# as_mounted PATH: as the kernel writes it in /proc/mounts.
as_mounted() {
	local path=${1//\\/\\134}
	path=${path// /\\040}
	path=${path//$'\t'/\\011}
	printf '%s\n' "${path//$'\n'/\\012}"
}
