//go:build !linux

package main

import "syscall"

// processAttributes cannot ask for a signal on the parent's death here: outside Linux the end of
// standard input is the only safeguard.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
