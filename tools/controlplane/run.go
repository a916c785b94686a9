package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// ready is the first line on standard output; the names are read by the test bench and the demo.
type ready struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	AuditLog   string `json:"auditLog"`
}

// answer is the line that follows each order.
type answer struct {
	Done   string `json:"done,omitempty"`
	Failed string `json:"failed,omitempty"`
	Error  string `json:"error,omitempty"`
}

// startAttempts: between choosing a port and its use another process may take it, which shows only
// as a component that dies. What dies for another reason dies each time, and is then reported.
const startAttempts = 3

func runControlPlane(arguments []string) int {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	assets := flags.String("assets", "", "directory with etcd, kube-apiserver and kube-controller-manager")
	data := flags.String("data", "", "directory for data, keys and logs; must be absent or empty")
	auditLog := flags.String("audit-log", "", "file for the audit log (default: audit.log in the data directory)")
	plugins := flags.String("admission-plugins", "", "admission plugins that the API server has beside those that it always has")
	keepData := flags.Bool("keep-data", false, "leave the data directory behind")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	if *assets == "" || *data == "" || flags.NArg() > 0 {
		complain("run needs --assets and --data, and nothing else")
		return 2
	}
	if err := run(*assets, *data, *auditLog, *plugins, *keepData); err != nil {
		complain("%v", err)
		return 1
	}
	return 0
}

func run(assets, data, auditLog, plugins string, keepData bool) error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stopSignals()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	orders := readOrders(os.Stdin, cancel)

	// Absolute, because the paths are handed to programs and printed for others.
	data, err := filepath.Abs(data)
	if err != nil {
		return err
	}
	if auditLog == "" {
		auditLog = filepath.Join(data, "audit.log")
	} else if auditLog, err = filepath.Abs(auditLog); err != nil {
		return err
	}
	// The directory is removed in the end: it must hold nothing that others put there.
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", data)
	}
	if !keepData {
		defer os.RemoveAll(data)
	}

	begun := time.Now()
	plane, err := startWithRetries(ctx, assets, data, auditLog, plugins)
	if err != nil {
		if ctx.Err() != nil {
			// The starter changed its mind; there is nothing to report.
			return nil
		}
		return err
	}
	defer plane.stop()
	complain("ready after %.1f s", time.Since(begun).Seconds())
	if err := printLine(ready{plane.kubeconfig(), plane.server(), auditLog}); err != nil {
		return err
	}
	return plane.serve(ctx, orders)
}

func startWithRetries(ctx context.Context, assets, data, auditLog, plugins string) (*plane, error) {
	for attempt := 1; ; attempt++ {
		plane, err := startPlane(ctx, assets, data, auditLog, plugins)
		if err == nil || !isDeath(err) || attempt == startAttempts {
			return plane, err
		}
		complain("attempt %d of %d: %v", attempt, startAttempts, err)
		// What a failed start left behind belongs to other ports and other keys.
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
	}
}

// serve follows orders until it is asked to end, or a component dies.
func (p *plane) serve(ctx context.Context, orders <-chan string) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case component := <-p.deaths:
			return component.died()
		case order := <-orders:
			err := p.follow(ctx, order)
			if isDeath(err) {
				return err
			}
			reply := answer{Done: order}
			if err != nil {
				reply = answer{Failed: order, Error: err.Error()}
			}
			if err := printLine(reply); err != nil {
				return err
			}
		}
	}
}

func (p *plane) follow(ctx context.Context, order string) error {
	switch {
	case order == "stop apiserver" && p.apiserver != nil:
		p.stopAPIServer()
		return nil
	case order == "start apiserver" && p.apiserver == nil:
		ctx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		return p.startAPIServer(ctx)
	case order == "stop apiserver" || order == "start apiserver":
		return errors.New("that is its state already")
	default:
		return errors.New("unknown order")
	}
}

// readOrders delivers the lines of input. Its end, which also comes when the starter was killed, is
// the order to end everything.
func readOrders(input io.Reader, ended context.CancelFunc) <-chan string {
	// Some room, so that an order sent too early does not hide the end of input behind it.
	orders := make(chan string, 16)
	go func() {
		defer ended()
		for lines := bufio.NewScanner(input); lines.Scan(); {
			orders <- lines.Text()
		}
	}()
	return orders
}

func printLine(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
