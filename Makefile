# The one entry point for people and for CI; what a target does stands in tools/.

.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## The whole story in three minutes on a control plane of its own; KEEP=1 leaves it up
	@KEEP='$(KEEP)' tools/demo.sh

test: ## All tests, against a real control plane and real OAuth servers
	@tools/test.sh

e2e: ## The chart, the image and workloads on a real node (needs root, on Linux; ten minutes)
	@tools/e2e.sh

lint: ## Format, lints, dependencies, scripts
	@tools/lint.sh

build: ## The binaries that ship: tracktik-operator and kubectl-tracktik, in target/release
	@tools/check-tools.sh cargo cc
	cargo build --locked --release --package tracktik-operator

# In a registry of yours: IMAGE=registry.example.com/tracktik-operator, and then README.md, "Quick start".
image: ## The container image, for amd64 and arm64, in target/image, without a container engine; ARCH=amd64 for one kind, IMAGE= names it
	@IMAGE='$(IMAGE)' tools/image/build.sh $(ARCH)

bench: ## How fast a token is in place; what an idle operator costs, one that is killed, and one with 10,000 credentials; N=1000 ONLY=cold,idle
	@N='$(N)' ONLY='$(ONLY)' OPERATOR='$(OPERATOR)' tools/bench.sh

# Sixty rounds at a time: most of each is spent waiting for the pace of a request whose outcome a kill has lost, or a lease.
chaos: ## The operator killed 500 times at its work, and frozen 50 times, on real parts (half an hour); CHAOS_ROUNDS=, CHAOS_SEED=
	@tools/check-tools.sh cargo cc go python3 node npm flock
	@tools/controlplane/build.sh >/dev/null
	@tests/servers/install.sh >/dev/null
	CHAOS_ROUNDS=$(or $(CHAOS_ROUNDS),500) cargo test --locked --test chaos -- --nocapture

fuzz: ## Mutated input against each parser of foreign bytes, five minutes each (FUZZ_SECONDS); a finding prints its bytes
	@tools/check-tools.sh cargo cc
	FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} FUZZ_SECONDS=$${FUZZ_SECONDS:-300} cargo test --locked --package tracktik-operator --test fuzz -- --nocapture parsers::

# A million token lifetimes are millions of calls of the API server: worth minutes of compiling with optimisation.
soak: ## A million token lifetimes in virtual time, with whatever may go wrong; SOAK_LIFETIMES and SOAK_SEED choose others
	@tools/check-tools.sh cargo cc
	SOAK_LIFETIMES='$(or $(SOAK_LIFETIMES),1000000)' cargo test --locked --package tracktik-operator --profile soak --test thirty_days soak::whatever -- --nocapture

crd: ## Write crds/ anew from src/api
	@tools/write-crd.sh

chart: ## Write anew what is made from the chart: deploy/, and the README of the values
	@tools/write-deploy.sh
	@cd charts/tracktik-operator && "$$(../../tools/charttools/build.sh)/helm-docs" --log-level warning

book: ## The documents as a book, in target/book (the first time 2 minutes for mdBook)
	@tools/book.sh

# Fetches the database of advisories, so it is not part of make lint.
deny: ## Dependencies and what is known against them, as cargo-deny sees it (make lint has a quick check of the same lists)
	@command -v cargo-deny >/dev/null || { echo "missing: cargo-deny: run 'cargo install --locked cargo-deny', which takes minutes" >&2; exit 1; }
	cargo deny --workspace --locked check advisories bans licenses sources

.PHONY: help demo test e2e lint build image bench chaos fuzz soak crd chart book deny
