#!/usr/bin/env bash
# The first process of the node's namespaces: starts what the node consists of, waits until it is ready, runs the command, and
# ends with it. Started by run.sh alone.
set -euo pipefail
# shellcheck source=tools/node/settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=tools/node/cgroups.sh
source "$(dirname "${BASH_SOURCE[0]}")/cgroups.sh"
declare -A daemons=()

# Where the programs write at fixed paths, they find folders of the node's own.
hide_the_host() {
	local setting file
	# Mounts go from the kubelet into the pods; the copies outside are private.
	mount -n --make-rshared /
	mount -n -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/netns /run/lock /run/settings "$state_inside" "$state/var-lib" "$state/var-log"
	mount -n --bind "$state" "$state_inside"
	# Else whatever is mounted in there would be so a second time, in the folder as the host sees it.
	mount -n --make-private "$state_inside"
	mount -n --make-shared "$state_inside"
	state=$state_inside pki=$state_inside/pki
	mount -n --bind "$state/var-log" /var/log
	mount -n --bind "$state/var-lib" /var/lib
	# The kubelet writes these six unless they hold what it wants, and they are the host's as well.
	for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
		kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
		file=/run/settings/${setting//\//.}
		echo "${setting#*=}" >"${file%=*}"
		mount -n --bind "${file%=*}" "/proc/sys/${setting%=*}"
	done
}

make_network() {
	ip link set lo up
	ip addr add "$service_ip/32" dev lo
	ip addr add "$dns_ip/32" dev lo
	ip link add cni0 type bridge
	ip addr add "$node_ip/${pods#*/}" dev cni0
	ip link set cni0 up
}

# start NAME COMMAND...
start() {
	local name=$1
	shift
	"$@" >"$logs/$name.log" 2>&1 </dev/null &
	daemons[$!]=$name
}

# keep NAME COMMAND...: as a service that is started again when it ends, since a test may end it.
keep() {
	local name=$1
	shift
	while :; do
		"$@" || true
		sleep 1
	done >"$logs/$name.log" 2>&1 </dev/null &
	daemons[$!]=$name
}

start_control_plane() {
	local client=http://127.0.0.1:2379 peer=http://127.0.0.1:2380
	# Unsynced, since nothing of it is read again after its end.
	start etcd etcd --name=$node --data-dir="$state/etcd" --unsafe-no-fsync --log-level=warn \
		--listen-client-urls=$client --advertise-client-urls=$client --listen-peer-urls=$peer \
		--initial-advertise-peer-urls=$peer --initial-cluster=$node=$peer
	start kube-apiserver kube-apiserver --etcd-servers=$client --bind-address=0.0.0.0 --secure-port=443 \
		--advertise-address=$node_ip --service-cluster-ip-range=$services --allow-privileged=false \
		--authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --anonymous-auth=false \
		--client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
		--kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
		--kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$pki/service-accounts.key" \
		--service-account-signing-key-file="$pki/service-accounts.key"
	# With the default of 20 requests a second a start takes four seconds more.
	start kube-controller-manager kube-controller-manager --kubeconfig="$state/controller-manager.kubeconfig" \
		--leader-elect=false --use-service-account-credentials --kube-api-qps=1000 --kube-api-burst=1000 \
		--flex-volume-plugin-dir="$state/volume-plugins" --root-ca-file="$pki/ca.crt" \
		--service-account-private-key-file="$pki/service-accounts.key"
	start kube-scheduler kube-scheduler --kubeconfig="$state/scheduler.kubeconfig" --leader-elect=false
}

# within SECONDS WHAT COMMAND...: until the command succeeds.
within() {
	local limit=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		no_daemon_ended
		((SECONDS < limit)) || { say "$what did not come about; its logs are in $logs"; exit 1; }
		sleep 0.1
	done
}

no_daemon_ended() {
	local pid
	for pid in "${!daemons[@]}"; do
		[[ -d /proc/$pid ]] || ended "$pid"
	done
}

ended() {
	say "${daemons[$1]} has ended; it wrote:"
	tail -n 5 "$logs/${daemons[$1]}.log" >&2
	exit 1
}

# shellcheck disable=SC2317 # Called by within.
is_ready() {
	kubectl get node "$node" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' | grep -q True &&
		kubectl get serviceaccount default
}

images=()
while [[ ${1:-} == --image=* ]]; do
	images+=("${1#*=}")
	shift
done
join_cgroups
hide_the_host
echo "$node" >/proc/sys/kernel/hostname
make_network
# shellcheck disable=SC2154 # Exported by run.sh.
export PATH=$programs:$PATH
# What the command finds: the cluster, containerd, the file in which pods look up names, and the logs.
export KUBECONFIG=$state/admin.kubeconfig KUBECACHEDIR=$state/kubectl-cache
export CONTAINERD_ADDRESS=/run/containerd/containerd.sock CONTAINERD_NAMESPACE=k8s.io
export NODE_HOSTS=$state/hosts NODE_LOGS=$logs NODE_NAME=$node
# Ends with the node, as the files that programs forget in the host's would not.
export TMPDIR=$state/tmp
mkdir -m 1777 "$TMPDIR"
ulimit -n 20000 2>/dev/null || true
: >"$NODE_HOSTS"

keep containerd containerd --config "$state/containerd.toml"
start names names "$dns_ip:53" "$NODE_HOSTS"
start_control_plane
within 30 "a containerd that answers" ctr --connect-timeout 1s version
for image in "$state/pause.tar" ${images[@]+"${images[@]}"}; do
	ctr images import "$image" >>"$logs/images.log" 2>&1 || { say "cannot load $image:"; tail -n 3 "$logs/images.log" >&2; exit 1; }
done
# A kubelet that is refused at first waits longer between its tries.
within 60 "an API server that is ready" kubectl get --raw /readyz
keep kubelet kubelet --config="$state/kubelet.yaml" --kubeconfig="$state/kubelet.kubeconfig" --root-dir="$state/kubelet" \
	--cert-dir="$pki" --hostname-override=$node --node-ip=$node_ip
within 60 "a node that is ready" is_ready
say "ready after $SECONDS s"

"$@" &
command=$!
status=0
wait -n -p first_to_end "$command" "${!daemons[@]}" || status=$?
# shellcheck disable=SC2154 # Set by wait.
[[ $first_to_end == "$command" ]] || ended "$first_to_end"
exit "$status"
