// Command controlplane runs a real Kubernetes control plane, and any other program, so that they
// cannot outlive whoever started them.
//
// A test that panics, is killed or loses its terminal runs no clean-up code. What always happens
// then is that the kernel closes its pipes: here the end of standard input is the order to stop, and
// on Linux the kernel kills the children when this program itself is killed. Standard library only,
// so that a machine with its own Kubernetes binaries compiles this in a second.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  controlplane run --assets DIR --data DIR [--audit-log FILE] [--keep-data]
      starts etcd, kube-apiserver and kube-controller-manager on free loopback ports, prints one
      JSON line once they are ready, and ends them when standard input ends. Lines accepted on
      standard input: "stop apiserver", "start apiserver".
  controlplane exec [--pid-file FILE] -- COMMAND [ARGUMENT...]
      runs a command and ends it, with its process group, when standard input ends
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	// When the starter is gone, writing to its pipes must fail instead of ending this program before
	// it has cleaned up. Caught, not ignored: what is ignored stays so in the children.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	switch os.Args[1] {
	case "run":
		os.Exit(runControlPlane(os.Args[2:]))
	case "exec":
		os.Exit(execCommand(os.Args[2:]))
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
}

// complain writes one line for a person; standard output is kept for what programs read.
func complain(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "controlplane: "+format+"\n", values...)
}
