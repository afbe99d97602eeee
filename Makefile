# Everything a person or CI does with this repository. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# katydid must patch the standard library before pytest plugins import ssl
PYTEST := $(BIN)/python -m pytest -p katydid._patch

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Katydid needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Say PYTHON=… ."; exit 64; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment (on Debian: apt-get install python3-venv)."; exit 64; }
	@echo "Installing into $(VENV) (once, about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[operator,dev]'
	@touch $@

.PHONY: setup
setup: $(READY) ## Make the virtual environment with everything in it

.PHONY: demo
demo: $(READY) ## Run the quickstart against the demo shop: master, two workers, verdict, report
	@$(BIN)/katydid demo --run examples/quickstart/loadtest.yaml

.PHONY: ui
ui: ## Build the web page and the report (Node from the PATH, else from PyPI)
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) runner/ui/build_ui.py

.PHONY: test-ui
test-ui: $(READY) ## The tests of the page and the report in a browser (Debian's chromium; root and apt install it)
	@tools/test-ui.sh

.PHONY: test
test: $(READY) ## Run the tests that this machine can run, and say what was left out
	@tools/test.sh

.PHONY: check
check: lint types layers unit ## The quick part of the tests: lint, types, layers, unit (under 2 minutes)

.PHONY: lint
lint: $(READY) ## Style and likely mistakes (ruff)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.PHONY: types
types: $(READY) ## Types (mypy --strict)
	@$(BIN)/mypy

.PHONY: layers
layers: $(READY) ## Imports point downwards (import-linter)
	@$(BIN)/lint-imports

.PHONY: unit
unit: $(READY) ## Tests without processes of their own, in moments
	@$(PYTEST) -q -m "not processes and not slow" tests/runner tests/compat tests/contract

.PHONY: prometheus
prometheus: ## Prometheus and promtool for tests, from Debian's package, into .tools (`make test` does it)
	@tools/prometheus.sh get

.PHONY: pictures
pictures: $(READY) ## Draw dashboards and page for the docs from real runs (10 minutes of a quiet machine)
	@tools/prometheus.sh get && $(BIN)/python dashboards/build.py && $(BIN)/python dashboards/pictures.py
	@$(BIN)/python docs/images/page_pictures.py

.PHONY: cluster
cluster: ## Bring up a Kubernetes cluster to try Katydid on: KUBECONFIG's, kind, or our own
	@tools/cluster.sh up

.PHONY: cluster-down
cluster-down: ## End the cluster that `make cluster` started
	@tools/cluster.sh down

.PHONY: images
images: ## Build the images, and put them into the cluster if it runs
	@tools/images.sh

.PHONY: e2e
e2e: $(READY) ## End-to-end tests on a real cluster; brings up what is missing
	@tools/e2e.sh

.PHONY: demo-k8s
demo-k8s: ## The quickstart on Kubernetes: cluster, images, chart, verdict, report; leaves nothing running
	@tools/demo-k8s.sh

.PHONY: format
format: $(READY) ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix --quiet .

.PHONY: bench
bench: $(READY) ## Benchmarks, see bench/README.md
	@$(BIN)/python bench/run.py

.PHONY: hooks
hooks: ## Run `make lint types layers` before each commit in this clone
	@git config core.hooksPath .githooks && echo "git hooks: .githooks"

.PHONY: clean
clean: ## Remove what was built, the virtual environment included
	@rm -rf $(VENV) build dist results .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
