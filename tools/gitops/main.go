// Command gitops says what GitOps tools make of Kubernetes objects: it reads them as JSON, one after the other, from
// standard input, and writes a line of JSON for each.
//
//	gitops kstatus             the word of kstatus, by which Flux, Helm 4 and kpt wait: sigs.k8s.io/cli-utils itself
//	gitops health health.lua   the health that Argo CD shows, by a script of its resource_customizations
//	gitops action action.lua   the object after an action of Argo CD
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// Said is what a tool makes of an object.
type Said struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gitops:", err)
		os.Exit(1)
	}
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	look, err := command(arguments)
	if err != nil {
		return err
	}
	// Numbers are read as the API server's clients read them: integers as int64.
	objects, lines := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var raw json.RawMessage
		if err := objects.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		said, err := look(object)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if err := lines.Encode(said); err != nil {
			return err
		}
	}
}

func command(arguments []string) (func(*unstructured.Unstructured) (any, error), error) {
	switch {
	case len(arguments) == 1 && arguments[0] == "kstatus":
		return kstatus, nil
	case len(arguments) == 2 && (arguments[0] == "health" || arguments[0] == "action"):
		script, err := os.ReadFile(arguments[1])
		if err != nil {
			return nil, err
		}
		if arguments[0] == "health" {
			return func(object *unstructured.Unstructured) (any, error) { return health(object, string(script)) }, nil
		}
		return func(object *unstructured.Unstructured) (any, error) { return action(object, string(script)) }, nil
	}
	return nil, errors.New("usage: gitops kstatus | health SCRIPT | action SCRIPT, with objects as JSON on standard input")
}

func kstatus(object *unstructured.Unstructured) (any, error) {
	result, err := status.Compute(object)
	if err != nil {
		return nil, err
	}
	return Said{Status: result.Status.String(), Message: result.Message}, nil
}
