#!/usr/bin/env bash
# Builds what the chart is made and checked with, once per machine, and prints the folder that holds it: helm, helm3 and helm-docs
# as pinned in go.mod, podsecurity, which judges pods as the API server does, and monitoring, which reads objects as a Prometheus
# Operator does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

exec tools/go-programs.sh tools/charttools \
	helm=helm.sh/helm/v4/cmd/helm \
	helm3=helm.sh/helm/v3/cmd/helm \
	helm-docs=github.com/norwoodj/helm-docs/cmd/helm-docs \
	podsecurity=./podsecurity \
	monitoring=./monitoring
