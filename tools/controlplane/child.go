package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// forks runs every start of a child on one thread that never ends. The signal that Linux sends on a
// parent's death is bound to the thread that forked, not to the process: from an ordinary goroutine
// a child could be killed merely because the runtime retired a thread.
var forks = make(chan func())

func init() {
	go func() {
		runtime.LockOSThread()
		for fork := range forks {
			fork()
		}
	}()
}

// child is one component: a process in its own process group, so that Ctrl-C in a terminal reaches
// only this program, which then ends the components in their order.
type child struct {
	name     string
	logPath  string // empty when the output is passed through
	command  *exec.Cmd
	ended    chan struct{} // closed once the process has been reaped
	stopping atomic.Bool   // its end was asked for, so it is no accident
}

// startChild starts command; its standard input is empty, because a child that held ours open would
// never let it end. Each unexpected end is reported to deaths, which may be nil.
func startChild(name string, command *exec.Cmd, logPath string, deaths chan<- *child) (*child, error) {
	c := &child{name: name, logPath: logPath, command: command, ended: make(chan struct{})}
	if logPath != "" {
		log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		command.Stdout, command.Stderr = log, log
	}
	command.SysProcAttr = processAttributes()
	started := make(chan error)
	forks <- func() { started <- command.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		// The error only repeats the exit state, which stays readable in command.ProcessState.
		_ = command.Wait()
		close(c.ended)
		if deaths != nil && !c.stopping.Load() {
			deaths <- c
		}
	}()
	return c, nil
}

// stop asks the process group to end, and ends it by force after grace. Stopping what has ended, or
// was never started, is no error, so that clean-up needs no bookkeeping.
func (c *child) stop(grace time.Duration) {
	if c == nil {
		return
	}
	c.stopping.Store(true)
	c.signalGroup(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(grace):
	}
	// Also after a clean end: what the child started itself belongs to its group.
	c.signalGroup(syscall.SIGKILL)
	<-c.ended
}

func (c *child) signalGroup(signal syscall.Signal) {
	// ESRCH says that the whole group is gone already, which is what was wanted.
	_ = syscall.Kill(-c.command.Process.Pid, signal)
}

// exitCode is the child's own, or 128 and the signal that ended it, as a shell reports it.
func (c *child) exitCode() int {
	status, ok := c.command.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return c.command.ProcessState.ExitCode()
}

// diedError says which component ended without being asked to. The text is made at once: by the time
// a person reads it, the data directory with the log is gone.
type diedError struct{ text string }

func (c *child) died() error {
	return diedError{fmt.Sprintf("%s ended with code %d; the end of its log:\n%s",
		c.name, c.exitCode(), lastLines(c.logPath, 20))}
}

func (e diedError) Error() string { return e.text }

func isDeath(err error) bool {
	var death diedError
	return errors.As(err, &death)
}

// lastLines are where a program names the cause of its end.
func lastLines(path string, count int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return "  (no log: " + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return "  " + strings.Join(lines, "\n  ")
}
