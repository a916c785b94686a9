# To be sourced. The node's folder in each hierarchy of cgroups. They, and what is switched on for them in a hierarchy of version 2,
# are all that a node changes outside its namespaces and its state.
# shellcheck shell=bash disable=SC2154

cgroup_mounts() {
	local folder kind
	while read -r _ folder kind _; do
		[[ $kind != cgroup && $kind != cgroup2 ]] || printf '%s\n' "$folder"
	done </proc/mounts | sort -u
}

# Of a folder of version 2, one a line: those that it could pass on to its folders, and does not.
not_passed_on() {
	comm -23 <(tr ' ' '\n' <"$1/cgroup.controllers" | sort) <(tr ' ' '\n' <"$1/cgroup.subtree_control" | sort)
}

# All of ours below one folder of each hierarchy: the programs in one, the pods in another, which the kubelet makes.
make_cgroups() {
	local mount folder controller
	while IFS= read -r mount; do
		mkdir -p "$mount/$cluster/daemons"
		for folder in "$mount/$cluster" "$mount/$cluster/daemons"; do
			# Version 1: an empty cpuset takes no process.
			if [[ -e $folder/cpuset.cpus && ! -e $folder/cgroup.controllers ]]; then
				cat "$folder/../cpuset.cpus" >"$folder/cpuset.cpus"
				cat "$folder/../cpuset.mems" >"$folder/cpuset.mems"
			fi
		done
		# Version 2: controllers are passed on from folder to folder. Noted first, so that none is forgotten.
		if [[ -e $mount/cgroup.controllers ]]; then
			for controller in $(not_passed_on "$mount"); do
				printf '%s %s\n' "$controller" "$mount" >>"$controllers"
				echo "+$controller" >"$mount/cgroup.subtree_control" 2>/dev/null || true
			done
			for controller in $(not_passed_on "$mount/$cluster"); do
				echo "+$controller" >"$mount/$cluster/cgroup.subtree_control" 2>/dev/null || true
			done
		fi
	done < <(cgroup_mounts)
}

join_cgroups() {
	local mount
	while IFS= read -r mount; do
		echo $$ >"$mount/$cluster/daemons/cgroup.procs"
	done < <(cgroup_mounts)
}

# Fails if any of it is in use still.
remove_cgroups() {
	local mount folder controller try status=0
	while IFS= read -r mount; do
		folder=$mount/$cluster
		# What was ended a moment ago is still in its cgroup for another, so these are tries.
		for ((try = 0; try < 200; try++)); do
			[[ -d $folder ]] || break
			find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
			[[ ! -d $folder ]] || sleep 0.05
		done
		if [[ -d $folder ]]; then
			say "$folder is still there, with the processes $(find "$folder" -name cgroup.procs -exec cat {} + | tr '\n' ' ')"
			status=1
		fi
	done < <(cgroup_mounts)
	[[ -e $controllers ]] || return "$status"
	while read -r controller mount; do
		if ! echo "-$controller" >"$mount/cgroup.subtree_control"; then
			say "the controller $controller stays switched on in $mount/cgroup.subtree_control"
			status=1
		fi
	done <"$controllers"
	((status != 0)) || rm "$controllers"
	return "$status"
}
