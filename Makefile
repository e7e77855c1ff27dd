# Two commands on a fresh machine: `make demo` and `make test`.
# Needed: Python 3.11, 3.12 or 3.13 with venv, a C compiler, make, git.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CORES ?= 2
VENV ?= .venv
BIN := $(VENV)/bin
KERNELS := $(shell find workflow/resistpanel -name '*.pyx' -o -name '*.pxd')
SNAKEFILES := Snakefile workflow/rules
# uv only remakes the lock; nobody needs it to run or test the workflow.
UV := uv==0.13.8

.PHONY: help setup demo test test-all lint schemas lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

setup: $(VENV)/.built ## make .venv with the locked packages and compile the kernels

demo: setup ## simulate the two demo patients and run the workflow on each
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/snakemake --cores $(CORES) --configfile resources/demo/amplification.config.yaml

test: setup ## run the tests (8 minutes at most on 2 cores)
	@$(BIN)/python -m pytest -n $(CORES) --dist loadgroup -m "not slow"

test-all: setup ## run all tests, the slow ones too
	@$(BIN)/python -m pytest -n $(CORES) --dist loadgroup

lint: setup ## check style, formatting and the Snakefiles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(SNAKEFILES)
	$(BIN)/snakemake --lint

schemas: setup ## write the JSON Schemas and docs/records.md from the records
	$(BIN)/python -m resistpanel.records.schema --write

lock: $(BIN)/python pyproject.toml ## remake requirements.lock from pyproject.toml
	$(BIN)/python -m pip install --quiet $(UV)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev \
	  --upgrade --no-header --no-annotate --output-file requirements.lock pyproject.toml

clean: ## remove results and caches; .venv stays
	rm -rf results build .pytest_cache .ruff_cache .hypothesis

# Each stamp is older than what it was made from when that has changed, so that a second
# `make` does nothing and a changed pin or kernel does only what it must.
$(BIN)/python:
	@python=$$(sh .ci/find-python) && "$$python" -m venv $(VENV)

$(VENV)/.locked: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

$(VENV)/.built: $(VENV)/.locked pyproject.toml setup.py $(KERNELS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
