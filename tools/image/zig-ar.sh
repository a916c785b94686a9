#!/usr/bin/env bash
# Zig's archiver, which unlike the machine's own knows every target. ZIG is the program.
exec "$ZIG" ar "$@"
