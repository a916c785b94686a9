// pause is the first container of each pod: it holds the pod's namespaces, and ends when it is told to. Kubernetes' own is
// written in C, and comes from a registry.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
}
