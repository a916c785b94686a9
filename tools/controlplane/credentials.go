package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// credentials are made anew for each run and live as long as its data directory.
type credentials struct {
	authority *x509.CertPool
	caPEM     []byte

	caFile, serverCert, serverKey, serviceAccountKey, tokenFile string

	// Two administrators, so that the audit log tells the tests' requests from the controllers'.
	adminToken, controllerToken string
}

// makeCredentials writes everything that the components need to trust each other: clients verify the
// server, as in a real cluster, instead of skipping the check.
func makeCredentials(directory string) (*credentials, error) {
	c := &credentials{
		authority:         x509.NewCertPool(),
		caFile:            filepath.Join(directory, "ca.crt"),
		serverCert:        filepath.Join(directory, "apiserver.crt"),
		serverKey:         filepath.Join(directory, "apiserver.key"),
		serviceAccountKey: filepath.Join(directory, "service-account.key"),
		tokenFile:         filepath.Join(directory, "tokens.csv"),
		adminToken:        rand.Text(),
		controllerToken:   rand.Text(),
	}
	authorityKey, err := newKey("")
	if err != nil {
		return nil, err
	}
	serverKey, err := newKey(c.serverKey)
	if err != nil {
		return nil, err
	}
	if _, err := newKey(c.serviceAccountKey); err != nil {
		return nil, err
	}
	lifetime := x509.Certificate{
		// An hour back: a container's clock may lag behind its host's.
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().AddDate(1, 0, 0),
	}
	authority := lifetime
	authority.SerialNumber = big.NewInt(1)
	authority.Subject = pkix.Name{CommonName: "controlplane test authority"}
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	server := lifetime
	server.SerialNumber = big.NewInt(2)
	server.Subject = pkix.Name{CommonName: "kube-apiserver"}
	server.KeyUsage = x509.KeyUsageDigitalSignature
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default.svc"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}

	if c.caPEM, err = writeCertificate(c.caFile, &authority, &authority, &authorityKey.PublicKey, authorityKey); err != nil {
		return nil, err
	}
	if _, err = writeCertificate(c.serverCert, &server, &authority, &serverKey.PublicKey, authorityKey); err != nil {
		return nil, err
	}
	c.authority.AppendCertsFromPEM(c.caPEM)
	tokens := c.adminToken + `,admin,admin,"system:masters"` + "\n" +
		c.controllerToken + `,system:kube-controller-manager,kube-controller-manager,"system:masters"` + "\n"
	return c, os.WriteFile(c.tokenFile, []byte(tokens), 0o600)
}

// newKey makes a P-256 key: RSA would cost start-up time and prove nothing more. With an empty path
// it stays in memory.
func newKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil || path == "" {
		return key, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func writeCertificate(path string, template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return encoded, os.WriteFile(path, encoded, 0o600)
}

// writeKubeconfig writes JSON, which every reader of YAML reads; everything is embedded, so that the
// file can be copied anywhere.
func (c *credentials) writeKubeconfig(path, server, user, token string) error {
	type object = map[string]any
	config := object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": "controlplane", "cluster": object{
			"server":                     server,
			"certificate-authority-data": base64.StdEncoding.EncodeToString(c.caPEM),
		}}},
		"users":           []object{{"name": user, "user": object{"token": token}}},
		"contexts":        []object{{"name": user, "context": object{"cluster": "controlplane", "user": user}}},
		"current-context": user,
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(config); err != nil {
		return err
	}
	return os.WriteFile(path, encoded.Bytes(), 0o600)
}

// client verifies the server as the kubeconfig does. No connection is kept: a probe must find the
// server of now, not one that is shutting down.
func (c *credentials) client() *http.Client {
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			// Proxy stays nil: a proxy of the environment must not see loopback traffic.
			TLSClientConfig:   &tls.Config{RootCAs: c.authority},
			DisableKeepAlives: true,
		},
	}
}
