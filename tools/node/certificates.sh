# To be sourced. The cluster's certificate authority, what it signs, and the kubeconfigs with it. They end with the node.
# shellcheck shell=bash disable=SC2154

# certificate NAME SUBJECT USAGE [ALTERNATIVE NAMES]
certificate() {
	local extensions="basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=$3\n"
	[[ -z ${4:-} ]] || extensions+="subjectAltName=$4\n"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" \
		-subj "$2" 2>/dev/null
	# shellcheck disable=SC2059 # The format is what was put together above.
	openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 2 -out "$pki/$1.crt" \
		-extfile <(printf "$extensions") 2>/dev/null
	rm "$pki/$1.csr"
}

# kubeconfig NAME: of the certificate of this name.
kubeconfig() {
	cat >"$state/$1.kubeconfig" <<-YAML
		apiVersion: v1
		kind: Config
		current-context: $cluster
		clusters: [{name: $cluster, cluster: {server: "https://127.0.0.1", certificate-authority-data: $(base64 -w0 "$pki/ca.crt")}}]
		users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$pki/$1.crt"), client-key-data: $(base64 -w0 "$pki/$1.key")}}]
		contexts: [{name: $cluster, context: {cluster: $cluster, user: $1}}]
	YAML
	chmod 600 "$state/$1.kubeconfig"
}

make_certificates() {
	pki=$state/pki
	mkdir -p "$pki"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$cluster" \
		-addext keyUsage=critical,keyCertSign,cRLSign -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-accounts.key"
	certificate apiserver /CN=kube-apiserver serverAuth \
		"DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:$service_ip,IP:$node_ip"
	certificate apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
	certificate admin /O=system:masters/CN=admin clientAuth
	certificate controller-manager /CN=system:kube-controller-manager clientAuth
	certificate scheduler /CN=system:kube-scheduler clientAuth
	certificate kubelet "/O=system:nodes/CN=system:node:$node" clientAuth
	certificate kubelet-serving "/O=system:nodes/CN=system:node:$node" serverAuth "IP:$node_ip,DNS:$node"
	local name
	for name in admin controller-manager scheduler kubelet; do
		kubeconfig "$name"
	done
}
