# make demo   set everything up and open the screen on a live backend
# make test   set everything up, check and test
# make services   install PostgreSQL and Prometheus, which some tests start on loopback
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stagewatch-ready

.PHONY: setup services demo test check format wheel picture lock clean
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

test: check
	$(BIN)/python -m pytest -n 4 --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

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
