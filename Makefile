# The two commands: `make run` and `make test`. Each sets up all that it needs, once, and again when requirements change.
# Needs Python 3.11 or newer and make; PYTHON=... names another interpreter, ARGS=... goes to the tool behind the target.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
PACKAGES := tests/e2e/examples/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-local run serve rehearse test check format chatkit bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: .venv/.installed .env ## set up the environment and the settings, and no more

run: install ## set up, migrate, and serve on http://127.0.0.1:8000 (HOST, PORT)
	@$(BIN)/python manage.py migrate -v0
	@$(BIN)/python -m chatbackend.dev_setup welcome
	@exec $(BIN)/python -m chatbackend.serve

serve: export DEBUG := $(or $(DEBUG),0)
serve: install ## production: WORKERS processes that drain on SIGTERM
	@$(BIN)/python manage.py migrate -v0
	@$(BIN)/python manage.py collectstatic --noinput -v0
	@exec $(BIN)/python -m chatbackend.serve

rehearse: install-dev ## production on this machine: nginx, two workers, PostgreSQL and Redis, until Ctrl-C
	@exec $(BIN)/python -m deploy.rehearse

test: install-dev ## all tests; what this machine lacks is skipped by name
	$(BIN)/python -m pytest $(ARGS)

check: install-dev ## format, lint, types, imports, migrations, sizes
	$(BIN)/python -m tests.checks $(ARGS)

format: install-dev ## put every file into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chatkit: $(PACKAGES) ## build the drop-in from its sources, for who changes it (needs node and npm)
	node tests/tools/chatkit.mjs

bench: install-dev ## the ratios of docs against the peers, from one run
	$(BIN)/python -m bench $(ARGS)

soak: install-dev ## ten minutes of mixed load on all of it, and what has grown then (SECONDS=600)
	$(BIN)/python -m tests.chaos.soak

clean: ## remove the environment and caches; data/ and .env stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(PACKAGES): tests/e2e/examples/package-lock.json
	cd $(<D) && npm ci --no-audit --no-fund

install-local: .venv/.installed-local ## what models of kind `local` need: torch and transformers, 1 to 5 GB

install-dev: install .venv/.installed-dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "chatbackend needs Python 3.11 or newer; found: $$($(PYTHON) -V). Set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt | .venv/bin/python
	$(PIP) install -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(PIP) install -r requirements-dev.txt
	@touch $@

.venv/.installed-local: requirements-local.txt .venv/.installed
	$(PIP) install -r requirements-local.txt
	@touch $@

.env: | .venv/.installed
	@$(BIN)/python -m chatbackend.dev_setup env
