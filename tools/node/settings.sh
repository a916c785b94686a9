# To be sourced. What the node is called and which addresses it has; all of them are of its own network namespace, so they
# collide with nothing outside.
# shellcheck shell=bash disable=SC2034

# The folder of its cgroups, the only thing that it makes outside its namespaces and its state.
cluster=tracktik-node
node=$cluster
node_ip=10.213.1.1
pods=10.213.1.0/24
services=10.213.2.0/24
# The Service "kubernetes". The API server listens there itself, which makes kube-proxy needless for it.
service_ip=10.213.2.1
dns_ip=10.213.2.10

cache=${TRACKTIK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tracktik-operator}
[[ $cache == /* ]] || cache=$PWD/$cache
# Fixed, so that the next run finds what one left behind whose cleaning was killed as well.
state=$cache/node-state
logs=$cache/node-logs
# The kernel lets go of it when the last process that has it open ends. The cleaner has it open.
lock=/run/$cluster.lock

cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts | sort -u; }
