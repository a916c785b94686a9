#!/usr/bin/env bash
# Builds the program that asks the libraries of GitOps tools, once per machine, and prints the folder that holds it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

exec tools/go-programs.sh tools/gitops gitops=.
