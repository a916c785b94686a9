package main

import (
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// execGrace is how long a command may take to end after SIGTERM once its starter is gone.
const execGrace = 5 * time.Second

// execCommand runs one command until it ends, or until standard input does, and returns its exit
// code. It prints nothing of its own on standard output, which belongs to the command.
func execCommand(arguments []string) int {
	flags := flag.NewFlagSet("exec", flag.ContinueOnError)
	pidFile := flags.String("pid-file", "", "file that receives the command's process id")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		complain("exec needs a command")
		return 2
	}
	// Before the start: a SIGTERM in between must not end this program without its child.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)

	command := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	child, err := startChild(flags.Arg(0), command, "", nil)
	if err != nil {
		complain("%v", err)
		return 127
	}
	// Whatever way this function is left, nothing that the command started may stay.
	defer child.stop(execGrace)
	if *pidFile != "" {
		if err := writePid(*pidFile, command.Process.Pid); err != nil {
			complain("%v", err)
			return 1
		}
	}

	inputEnded := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(inputEnded)
	}()
	for {
		select {
		case <-child.ended:
			return child.exitCode()
		case received := <-signals:
			_ = command.Process.Signal(received)
		case <-inputEnded:
			child.stop(execGrace)
			return child.exitCode()
		}
	}
}

// writePid replaces the file in one step: who waits for it must never read half a number.
func writePid(path string, pid int) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(strconv.Itoa(pid)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
