#!/usr/bin/env bash
# Writes what the chart renders into deploy/ (or the folder that is given), for those who use no Helm.
#
#   tools/write-deploy.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

into=${1:-deploy}
helm=$(tools/charttools/build.sh)/helm

# render FILE TEMPLATE...: without what only Helm understands. A kustomization takes the namespace of its own file.
render() {
	local file=$1 arguments=()
	shift
	for template in "$@"; do
		arguments+=(--show-only "templates/$template.yaml")
	done
	{
		printf '# Rendered from charts/tracktik-operator by tools/write-deploy.sh: change it there. In a clone of your own, change it here.\n'
		"$helm" template tracktik-operator charts/tracktik-operator --namespace tracktik-system "${arguments[@]}" |
			sed -e '/^# Source: /d' -e '/^ *helm.sh\/chart: /d' -e '/^ *app.kubernetes.io\/managed-by: /d' -e '/^[[:space:]]*$/d'
	} >"$into/$file.new"
	mv "$into/$file.new" "$into/$file"
}

render rbac.yaml serviceaccount rbac
render user-roles.yaml user-roles
render admission-policies.yaml admission-policies
render deployment.yaml deployment
