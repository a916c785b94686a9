// podsecurity judges the pods of rendered manifests as the API server's own admission does.
//
//	helm template … | podsecurity
//
// It reads YAML documents from standard input, and prints each pod, or template of pods, that Pod Security "restricted"
// would refuse, with why. Status 1 where there is one, and where there is no pod at all: then nothing was shown.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	judged, refused, err := judge(os.Stdin, os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "podsecurity:", err)
		os.Exit(2)
	case judged == 0:
		fmt.Fprintln(os.Stderr, "podsecurity: no pod among what was read")
		os.Exit(1)
	case refused > 0:
		os.Exit(1)
	}
	fmt.Printf("%d pods are restricted\n", judged)
}

func judge(input io.Reader, output io.Writer) (judged, refused int, err error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return 0, 0, err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	documents := yaml.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return judged, refused, nil
		}
		if err != nil {
			return judged, refused, err
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if runtime.IsNotRegisteredError(err) || runtime.IsMissingKind(err) {
			// A custom resource, or nothing but comments: there is no pod in it.
			continue
		}
		if err != nil {
			return judged, refused, err
		}
		name, meta, spec := podOf(object)
		if spec == nil {
			continue
		}
		judged++
		for _, result := range evaluator.EvaluatePod(restricted, meta, spec) {
			if !result.Allowed {
				refused++
				fmt.Fprintf(output, "%s: %s: %s\n", name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
}

// podOf is nil where the object starts no pods.
func podOf(object runtime.Object) (string, *metav1.ObjectMeta, *corev1.PodSpec) {
	switch object := object.(type) {
	case *corev1.Pod:
		return "Pod " + object.Name, &object.ObjectMeta, &object.Spec
	case *appsv1.Deployment:
		return "Deployment " + object.Name, &object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec
	case *appsv1.StatefulSet:
		return "StatefulSet " + object.Name, &object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec
	case *appsv1.DaemonSet:
		return "DaemonSet " + object.Name, &object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec
	case *batchv1.Job:
		return "Job " + object.Name, &object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec
	case *batchv1.CronJob:
		template := &object.Spec.JobTemplate.Spec.Template
		return "CronJob " + object.Name, &template.ObjectMeta, &template.Spec
	}
	return "", nil, nil
}
