#!/usr/bin/env bash
# Builds what a release is published and checked with, once per machine, and prints the folder that holds it:
#
#   tools/release/programs.sh crane        reads and writes registries
#   tools/release/programs.sh cosign       signs; takes minutes
#   tools/release/programs.sh helm         publishes charts
#   tools/release/programs.sh actionlint   judges workflows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=tools/releasetools
case $1 in
crane) package=github.com/google/go-containerregistry/cmd/crane ;;
cosign) package=github.com/sigstore/cosign/v3/cmd/cosign ;;
helm) folder=tools/charttools package=helm.sh/helm/v4/cmd/helm ;;
actionlint) package=github.com/rhysd/actionlint/cmd/actionlint ;;
*)
	printf 'programs.sh: no %s here\n' "$1" >&2
	exit 2
	;;
esac
exec tools/go-programs.sh "$folder" "$1=$package"
