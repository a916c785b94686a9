# To be sourced. The files that containerd and the kubelet read. The kubelet keeps its defaults wherever the token's way into a
# pod depends on them: how often it looks (a minute) and how it learns of changes (a watch).
# shellcheck shell=bash disable=SC2154

make_configuration() {
	local plugins restrict=false score=-999 snapshotter=overlayfs
	# Without CAP_SYS_RESOURCE nobody may lower an OOM score.
	if ((!(0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 24 & 1))); then
		restrict=true score=0
	fi
	# No overlay can lie upon another.
	[[ $(stat -f -c %T "$state") != overlayfs ]] || snapshotter=native
	mkdir -p "$state/cni"
	plugins=$(dirname "$(PATH=$programs command -v host-local)")
	# In these files the state is where the node sees it.
	cat >"$state/containerd.toml" <<-TOML
		version = 2
		root = '$state_inside/containerd'
		state = '/run/containerd'
		[grpc]
		  address = '/run/containerd/containerd.sock'
		[plugins.'io.containerd.internal.v1.opt']
		  path = '$state_inside/opt'
		[plugins.'io.containerd.grpc.v1.cri']
		  sandbox_image = 'localhost/pause:1'
		  # Its profile would be loaded into the host's kernel, and stay there.
		  disable_apparmor = true
		  restrict_oom_score_adj = $restrict
		  # So that a pod's user may serve port 443, where operators look for TrackTik.
		  enable_unprivileged_ports = true
		[plugins.'io.containerd.grpc.v1.cri'.cni]
		  bin_dir = '$plugins'
		  conf_dir = '$state_inside/cni'
		[plugins.'io.containerd.grpc.v1.cri'.containerd]
		  snapshotter = '$snapshotter'
		[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]
		  runtime_type = 'io.containerd.runc.v2'
	TOML
	cat >"$state/cni/10-bridge.conflist" <<-JSON
		{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
		  "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
		  "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
	JSON
	echo "nameserver $dns_ip" >"$state/resolv.conf"
	cat >"$state/kubelet.yaml" <<-YAML
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		address: $node_ip
		containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
		podLogsDir: $state_inside/var-log/pods
		volumePluginDir: $state_inside/volume-plugins
		resolvConf: $state_inside/resolv.conf
		clusterDNS: [$dns_ip]
		clusterDomain: cluster.local
		tlsCertFile: $state_inside/pki/kubelet-serving.crt
		tlsPrivateKeyFile: $state_inside/pki/kubelet-serving.key
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state_inside/pki/ca.crt}}
		authorization: {mode: Webhook}
		cgroupDriver: cgroupfs
		cgroupRoot: /$cluster
		failCgroupV1: false
		failSwapOn: false
		oomScoreAdj: $score
		makeIPTablesUtilChains: false
		# There is no registry to get an image back from.
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
	YAML
}
