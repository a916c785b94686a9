package main

import "syscall"

// processAttributes has the kernel kill the child when this program dies in a way that runs no code
// of ours (kill -9, out of memory).
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
