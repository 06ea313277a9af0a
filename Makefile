# The Daily Draw. `make help` lists what can be asked for; the work itself is done in Python (tools/, tests/).
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

.PHONY: help run check test bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18

run: $(VENV)/run.stamp ## the whole site on this machine: web, mail, sample edition; Ctrl-C ends it
	@$(BIN)/python tools/run.py

check: $(VENV)/dev.stamp ## lint, types and the tests that need neither PostgreSQL nor a browser (under three minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -rs -m "not postgresql and not browser and not slow"

test: $(VENV)/dev.stamp ## everything that CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.nginx
	@echo "$(BIN)/pytest -n 2 -rs"; $(BIN)/pytest -n 2 -rs --cache-clear || { test $$? = 1 && \
		echo "Once more, alone. What passes now is unsteady: its cause, in the test or in the program, is still to be mended." && \
		$(BIN)/pytest -rA --last-failed --last-failed-no-failures none; }

bench: $(VENV)/dev.stamp ## every claim of speed, beside its reference and goal (QUICK=1: in two minutes)
	@QUICK=$(QUICK) $(BIN)/python -m benchmarks

lock: $(VENV)/dev.stamp ## renew requirements*.lock: newest versions that fit pyproject.toml, with their hashes
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade -q -c requirements.lock -o requirements-dev.lock

clean: ## remove the virtual environment and caches (never instance/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Needs Python 3.11 or newer: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Needs Python's venv module: apt install python3-venv"; exit 1; }

$(VENV)/run.stamp: $(VENV)/bin/python requirements.lock
	@echo "Installing the locked packages (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock \
		|| { echo "The packages could not be installed: is the network there, and ca-certificates?"; exit 1; }
	@touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python requirements-dev.lock
	@echo "Installing the locked packages for tests (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp
