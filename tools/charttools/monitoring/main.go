// monitoring reads what rendered manifests say to a Prometheus Operator as that operator would, but strictly.
//
//	helm template … | monitoring
//
// It reads YAML documents from standard input and prints how many of the kind ServiceMonitor, PodMonitor and PrometheusRule there
// are. Status 1 where one has a field that the type does not know, or of another type: the API server would drop it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	read, err := readAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
	fmt.Printf("%d are understood\n", read)
}

func readAll(input io.Reader) (read int, err error) {
	reader := documents.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, err
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return read, err
		}
		if kind.APIVersion != "monitoring.coreos.com/v1" {
			continue
		}
		into := map[string]any{
			"ServiceMonitor": &v1.ServiceMonitor{},
			"PodMonitor":     &v1.PodMonitor{},
			"PrometheusRule": &v1.PrometheusRule{},
		}[kind.Kind]
		if into == nil {
			return read, fmt.Errorf("no kind of a Prometheus Operator: %s", kind.Kind)
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			return read, fmt.Errorf("%s: %w", kind.Kind, err)
		}
		read++
	}
}
