#!/usr/bin/env bash
# Prints what of the host a node would change, were it not for its namespaces and its cleaning: run.sh keeps how it was before,
# and left.sh compares. Only what is like the node's own, since whatever else runs on the host goes on meanwhile.
set -uo pipefail
# shellcheck source=tools/node/settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=tools/node/cgroups.sh
source "$(dirname "${BASH_SOURCE[0]}")/cgroups.sh"

command -v ip >/dev/null || { say "without ip nobody can tell the network of this machine"; exit 1; }
# A bridge of this name may be the host's own; one that was made anew has another number.
ip -o link show dev cni0 2>/dev/null | awk '{ print "network device", $1, $2 }'
ip -o address | awk -v ours=" $network." 'index($0, ours) { print "address", $2, $4 }'
ip route show table all | awk -v ours="$network." 'index($0, ours) { print "route", $0 }'
# Without counters, which go on.
{
	nft --stateless list ruleset
	iptables-save
} 2>/dev/null | awk -v ours="$network." 'index($0, ours) { print "packet filter", $0 }'
# A kubelet and a containerd set these.
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
	kernel/keys/root_maxbytes kernel/hostname net/ipv4/ip_forward; do
	[[ ! -r /proc/sys/$setting ]] || printf 'setting %s %s\n' "$setting" "$(<"/proc/sys/$setting")"
done
sed -n 's/^cri-containerd.*/AppArmor profile &/p' /sys/kernel/security/apparmor/profiles 2>/dev/null
while IFS= read -r mount; do
	[[ ! -r $mount/cgroup.subtree_control ]] || printf 'controllers %s %s\n' "$mount" "$(<"$mount/cgroup.subtree_control")"
done < <(cgroup_mounts)
