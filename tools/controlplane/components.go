package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
)

// auditPolicy logs who did what to which object, never a body: a Secret's content stays out. Without
// the stage of arrival a request has one line; a watch has two of one auditID, at its start and end.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// controllers are those whose effects tests and the demo depend on: owner references, namespace
// deletion, ServiceAccounts with their tokens, aggregated roles, quotas. No workload runs here.
var controllers = []string{
	"garbage-collector-controller",
	"namespace-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"clusterrole-aggregation-controller",
	"root-ca-certificate-publisher-controller",
	"resourcequota-controller",
}

// ports are chosen once a run: a restarted apiserver must be found where clients look for it.
type ports struct{ etcd, etcdPeer, apiserver int }

// choosePorts stays below the range from which kernels take ports for outgoing connections (Linux
// 32768, macOS 49152). While the apiserver is stopped, a client that retries could otherwise be given
// the very port it dials, and would be connected to itself.
func choosePorts() (ports, error) {
	var chosen []int
	for range 200 {
		candidate := 20000 + rand.IntN(12000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", candidate))
		if err != nil {
			continue
		}
		// Held until all three are found, so that they differ.
		defer listener.Close()
		if chosen = append(chosen, candidate); len(chosen) == 3 {
			return ports{chosen[0], chosen[1], chosen[2]}, nil
		}
	}
	return ports{}, fmt.Errorf("no three free ports on 127.0.0.1 between 20000 and 32000")
}

func (p *plane) etcdCommand() *exec.Cmd {
	client := fmt.Sprintf("http://127.0.0.1:%d", p.ports.etcd)
	peer := fmt.Sprintf("http://127.0.0.1:%d", p.ports.etcdPeer)
	return p.command("etcd",
		"--name=controlplane",
		"--data-dir="+p.path("etcd"),
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=controlplane="+peer,
		// Tests need no durability, and syncing to disk is most of what a write costs.
		"--unsafe-no-fsync=true",
		// A single member waits one election timeout before it serves; it has no rival to yield to.
		"--heartbeat-interval=10",
		"--election-timeout=100",
		// The default of 2 GiB is less than the foreign Secrets that the bench of scale puts beside the operator's.
		"--quota-backend-bytes=8589934592",
		"--log-level=warn",
	)
}

func (p *plane) apiserverCommand() *exec.Cmd {
	return p.command("kube-apiserver",
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", p.ports.etcd),
		"--bind-address=127.0.0.1",
		// Else it advertises the address of the default route; nothing here may leave loopback.
		"--advertise-address=127.0.0.1",
		// The endpoints of the Service "kubernetes" may not be loopback addresses; no pod needs them.
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", p.ports.apiserver),
		"--cert-dir="+p.path("apiserver"),
		"--tls-cert-file="+p.credentials.serverCert,
		"--tls-private-key-file="+p.credentials.serverKey,
		"--token-auth-file="+p.credentials.tokenFile,
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+p.credentials.serviceAccountKey,
		"--service-account-signing-key-file="+p.credentials.serviceAccountKey,
		"--allow-privileged=true",
		"--enable-admission-plugins="+p.plugins,
		"--audit-policy-file="+p.path("audit-policy.yaml"),
		"--audit-log-path="+p.auditLog,
		"--audit-log-format=json",
		// A runaway client fills at most two files of this many megabytes.
		"--audit-log-maxsize=128",
		"--audit-log-maxbackup=1",
	)
}

func (p *plane) controllerManagerCommand() *exec.Cmd {
	return p.command("kube-controller-manager",
		"--kubeconfig="+p.path("kube-controller-manager.kubeconfig"),
		"--controllers="+strings.Join(controllers, ","),
		"--leader-elect=false",
		// It serves only metrics and health, which nobody here reads.
		"--secure-port=0",
		"--service-account-private-key-file="+p.credentials.serviceAccountKey,
		"--root-ca-file="+p.credentials.caFile,
		// With the default of 20 requests a second a few hundred objects take minutes to collect.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	)
}

func (p *plane) command(name string, arguments ...string) *exec.Cmd {
	return exec.Command(filepath.Join(p.assets, name), arguments...)
}
