# `make` alone lists what one can do.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CLUSTERS ?= simulated
DATA ?= .polyhelm
# Tests wait now and then: one worker more than there are cores keeps these busy.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Whatever the machine's habit: tests start Python some hundred times, and would compile everything each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/.ready ## Make the virtual environment with the locked dependencies

# The stamp is made anew when the locks change, so that an old environment is not kept by mistake.
.venv/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Polyhelm needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python has no venv module: on Debian, apt install python3-venv."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # as pip does, but on all cores
	@mkdir -p frontend/dist  # a wheel needs the built pages; an installed checkout finds them when they are there
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: frontend
frontend: frontend/dist/.ready ## Build the pages (with Node from PyPI where the machine has none)

PAGES := $(shell find frontend/src frontend/scripts -type f -not -name graphql.ts -not -name introspection.json -not -name tour.json) \
	frontend/index.html frontend/graphiql.html README.md frontend/vite.config.ts frontend/tsconfig.json schema/schema.graphql

frontend/node_modules/.ready: frontend/package.json frontend/package-lock.json requirements/node.txt
	PYTHON=$(PYTHON) frontend/with-node npm ci --no-progress --loglevel=error
	@touch $@

frontend/dist/.ready: frontend/node_modules/.ready $(PAGES)
	frontend/with-node npm run --silent build
	@touch $@

frontend/.checked: frontend/node_modules/.ready frontend/biome.json $(PAGES)
	frontend/with-node npm run --silent check
	frontend/with-node npm run --silent test
	@touch $@

.PHONY: demo
demo: setup frontend ## Run everything with three member clusters (CLUSTERS=real: real control planes)
ifeq ($(CLUSTERS),real)
	$(BIN)/python -m tests.kubernetes run --names paris,berlin,tokyo --ready-pods --data $(DATA)/real/clusters -- \
		$(BIN)/polyhelm demo --clusters given --data-dir $(DATA)/real
else
	$(BIN)/polyhelm demo --data-dir $(DATA)/demo
endif

.PHONY: test
test: setup frontend ## Run all tests (ARGS="…" goes to pytest)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: check
check: setup frontend/.checked ## Format, lint, prose, types, layers, schema snapshot, reference pages: seconds
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/yamllint --strict --config-file .yamllint .
	$(BIN)/codespell
	$(BIN)/python -m tests.prose
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m app.registers --check
	$(BIN)/python -m schema --check
	$(BIN)/python -m tests.project.layers --check
	$(BIN)/polyhelm settings | diff docs/reference/settings.md - || { echo "docs/reference/settings.md is old: make write"; exit 1; }
	$(BIN)/polyhelm commands | diff docs/reference/cli.md - || { echo "docs/reference/cli.md is old: make write"; exit 1; }
	$(BIN)/mypy

.PHONY: write
write: setup frontend/node_modules/.ready ## Format the code; write the schema snapshot and the reference pages
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .
	frontend/with-node npm run --silent write
	$(BIN)/python -m app.registers --write
	$(BIN)/python -m schema --write
	$(BIN)/python -m tests.project.layers --write
	$(BIN)/polyhelm settings > docs/reference/settings.md
	$(BIN)/polyhelm commands > docs/reference/cli.md

.PHONY: screenshots
screenshots: setup frontend ## Take pictures of every screen, for the docs (needs Chromium)
	$(BIN)/python -m tests.frontend.screenshots $(ARGS)

.PHONY: migration
migration: setup ## Write a migration from what the tables have changed (MESSAGE="…")
	$(BIN)/python -m app.program.new_migration "$(MESSAGE)"

.PHONY: bench
bench: setup ## Measure, beside what one would run instead
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: lock
lock: ## Lock the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/node.in -o requirements/node.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt

.PHONY: clean
clean: ## Remove the environment and what the demo has kept
	rm -rf .venv .polyhelm dist frontend/dist frontend/node_modules frontend/.node frontend/.checked .mypy_cache .ruff_cache .import_linter_cache
