# make demo   set everything up and open the screen on a live backend
# make test   set everything up, check and test
# make explore  look for examples that break a property, others each time
# make services   install PostgreSQL and Prometheus, which some tests start on loopback
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stagewatch-ready
# Where an environment forbids it, every worker would compile every test again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup services demo test explore check format wheel picture lock clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "stagewatch needs Python 3.11 or newer; this is $$($(PYTHON) --version). Say which: make PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "python3 -m venv failed; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q stagewatch tui widgets profiles
	@touch $@

services:
	@./tests/services.sh

demo: setup
	@$(BIN)/stagewatch demo $(ARGS)

# Most of the tests wait for a program or a screen: three workers for each of two cores.
test: check
	$(BIN)/python -m pytest -n 6 --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)

explore: setup
	$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile=explore $(ARGS)

CHECKS := check-types check-style check-layers check-docs check-collection
.PHONY: $(CHECKS)

check: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(CHECKS)

check-types:
	$(BIN)/mypy

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-layers:
	$(BIN)/lint-imports

check-docs:
	$(BIN)/python -m pytest -q tests/docs

# A test file that cannot be imported is named at once, and the workers of the test run find what
# pytest has made of each file, instead of all of them making it again.
check-collection:
	$(BIN)/python -m pytest -qqq --collect-only | { grep -vE ': [0-9]+$$|^$$' || true; }

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: setup
	rm -rf build
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

picture: setup
	$(BIN)/python docs/picture.py

lock:
	$(BIN)/python -m pip freeze --exclude-editable > requirements/dev.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
