package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// startTimeout is generous: the two cores of a small machine may be compiling at the same time.
	startTimeout = 2 * time.Minute
	// stopGrace is how long a component may take to end by itself.
	stopGrace = 3 * time.Second
)

// plane is one running control plane: the components, and what they share.
type plane struct {
	assets, data, auditLog, plugins string

	credentials *credentials
	ports       ports
	client      *http.Client

	// deaths receives each component that ended without being asked to.
	deaths chan *child

	etcd, apiserver, controllerManager *child
}

// startPlane returns once the API server is ready and serves ServiceAccounts. On an error it has
// ended whatever it started.
func startPlane(ctx context.Context, assets, data, auditLog, plugins string) (started *plane, err error) {
	p := &plane{assets: assets, data: data, auditLog: auditLog, plugins: plugins, deaths: make(chan *child, 16)}
	if err := os.MkdirAll(p.path("logs"), 0o700); err != nil {
		return nil, err
	}
	if p.ports, err = choosePorts(); err != nil {
		return nil, err
	}
	if p.credentials, err = makeCredentials(data); err != nil {
		return nil, err
	}
	p.client = p.credentials.client()
	if err := p.writeConfiguration(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if p.etcd, err = p.start("etcd", p.etcdCommand()); err != nil {
		return nil, err
	}
	etcdHealth := fmt.Sprintf("http://127.0.0.1:%d/health", p.ports.etcd)
	if err := p.await(ctx, "etcd to answer", etcdHealth); err != nil {
		return nil, err
	}
	if err := p.startAPIServer(ctx); err != nil {
		return nil, err
	}
	if p.controllerManager, err = p.start("kube-controller-manager", p.controllerManagerCommand()); err != nil {
		return nil, err
	}
	// Without it no pod can be created in the namespace, and the controllers have proved to work.
	defaultAccount := p.server() + "/api/v1/namespaces/default/serviceaccounts/default"
	if err := p.await(ctx, "the default ServiceAccount", defaultAccount); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *plane) writeConfiguration() error {
	if err := os.WriteFile(p.path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	err := p.credentials.writeKubeconfig(p.path("kube-controller-manager.kubeconfig"), p.server(),
		"kube-controller-manager", p.credentials.controllerToken)
	if err != nil {
		return err
	}
	return p.credentials.writeKubeconfig(p.kubeconfig(), p.server(), "admin", p.credentials.adminToken)
}

// startAPIServer starts it, or starts it again with the same port, keys and data.
func (p *plane) startAPIServer(ctx context.Context) error {
	apiserver, err := p.start("kube-apiserver", p.apiserverCommand())
	if err != nil {
		return err
	}
	p.apiserver = apiserver
	return p.await(ctx, "kube-apiserver to be ready", p.server()+"/readyz")
}

// stopAPIServer leaves everything else running. Without grace: asked politely it first serves its
// open watches for seconds, while an outage is to begin when the order says so.
func (p *plane) stopAPIServer() {
	p.apiserver.stop(0)
	p.apiserver = nil
}

// stop ends the components against their dependencies: each still finds the one it writes to.
func (p *plane) stop() {
	p.controllerManager.stop(stopGrace)
	p.apiserver.stop(stopGrace)
	p.etcd.stop(stopGrace)
}

func (p *plane) path(name string) string    { return filepath.Join(p.data, name) }
func (p *plane) kubeconfig() string         { return p.path("admin.kubeconfig") }
func (p *plane) server() string             { return fmt.Sprintf("https://127.0.0.1:%d", p.ports.apiserver) }
func (p *plane) logPath(name string) string { return filepath.Join(p.path("logs"), name+".log") }

// await asks url until it answers 200. A component that dies meanwhile ends the wait at once.
func (p *plane) await(ctx context.Context, what, url string) error {
	retry := time.NewTicker(25 * time.Millisecond)
	defer retry.Stop()
	for {
		if p.answers(ctx, url) {
			return nil
		}
		select {
		case <-retry.C:
		case component := <-p.deaths:
			return component.died()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

func (p *plane) answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+p.credentials.adminToken)
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (p *plane) start(name string, command *exec.Cmd) (*child, error) {
	return startChild(name, command, p.logPath(name), p.deaths)
}
