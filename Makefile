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
# uv only remakes the locks; nobody needs it to run or test the workflow.
UV := uv==0.13.8
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate
# no: install the locked versions whatever files the index serves of them (docs/usage.md).
HASHES ?= yes
# Without bytecode on disk every process compiles anew what it imports, and every run its tests.
unexport PYTHONDONTWRITEBYTECODE
# Bytecode is written at the first import, of what is imported alone.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.PHONY: help setup demo demo-plasma test test-all lint site schemas lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

setup: $(VENV)/.built ## make .venv with the locked packages, by their hashes; compile the kernels

demo: setup ## simulate the two demo patients and run the workflow on each
	@echo "demo: simulating two patients and running the workflow on each"
	$(BIN)/resistpanel run --cores $(CORES)
	$(BIN)/resistpanel run --cores $(CORES) --config resources/demo/amplification.config.yaml

demo-plasma: setup ## the same with a patient followed in plasma with UMIs (3 minutes)
	$(BIN)/resistpanel run --cores $(CORES) --config resources/demo/plasma.config.yaml

# Tests run side by side: more threads for numpy are in each other's way.
test test-all: export OPENBLAS_NUM_THREADS = 1

test: setup ## run the tests (8 minutes at most on 2 cores)
	@$(BIN)/python -m pytest -n $(CORES) --dist loadgroup -m "not slow"

test-all: setup ## run all tests, the slow ones too
	@$(BIN)/python -m pytest -n $(CORES) --dist loadgroup

lint: setup ## check style, formatting and the Snakefiles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(SNAKEFILES)
	$(BIN)/snakemake --lint

site: ## build the documentation site in build/site (its packages in build/site-env)
	python3 -m venv build/site-env
	build/site-env/bin/pip install --quiet --requirement docs/requirements.txt
	build/site-env/bin/mkdocs build --strict

schemas: setup ## write the JSON Schemas, docs/records.md and docs/config.md
	$(BIN)/python -m resistpanel.records.schema --write
	$(BIN)/python -m resistpanel.inputs.keys_page

# What builds the package is locked with it: setuptools and Cython, from [build-system].
lock: $(BIN)/python pyproject.toml ## remake the locks from pyproject.toml
	$(PIP) $(UV)
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | $(BIN)/$(LOCK) --extra dev --extra store --upgrade --output-file requirements.lock pyproject.toml -
	$(BIN)/$(LOCK) --extra slurm --constraint requirements.lock \
	  --output-file requirements.slurm.lock pyproject.toml

clean: ## remove results and caches; .venv stays
	rm -rf results build .pytest_cache .ruff_cache .hypothesis

# Each stamp is older than what it was made from when that has changed, so that a second
# `make` does nothing and a changed pin or kernel does only what it must.
$(BIN)/python:
	@echo "setup, 1 of 3: Python environment in $(VENV)"
	@python=$$(sh .ci/find-python) && "$$python" -m venv $(VENV)

$(VENV)/.locked: requirements.lock | $(BIN)/python
	@echo "setup, 2 of 3: downloading and installing the packages of $< (no output until it is done)"
ifeq ($(HASHES),no)
	@sed -e '/^ *--hash=/d' -e 's/ *\\$$//' requirements.lock > $(VENV)/unhashed
	@$(PIP) --requirement $(VENV)/unhashed
else
	@$(PIP) --require-hashes --requirement requirements.lock || { \
	  echo "If a hash does not match: your package index serves other files than those locked." \
	    "Use another index, or 'make HASHES=no setup' if you trust this one." >&2; exit 1; }
endif
	@touch $@

# Built by the packages of the lock: an isolated build would fetch its own, without hashes.
$(VENV)/.built: $(VENV)/.locked pyproject.toml setup.py $(KERNELS)
	@echo "setup, 3 of 3: compiling $(words $(filter %.pyx,$(KERNELS))) Cython modules (no output until it is done)"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
