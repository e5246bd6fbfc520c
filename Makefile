# meshsight: `make demo` shows the whole walk, `make test` proves it. Both fill .venv first and change nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.meshsight-setup

.PHONY: help setup demo test test-long lint clean

help:
	@echo "make setup   create .venv with everything a developer or CI needs"
	@echo "make demo    3D models -> labelled scenes -> detector -> report, on this CPU"
	@echo "make test    linters, type checks, import contracts and tests"
	@echo "make test-long  the few tests that take minutes each"
	@echo "make clean   remove .venv and what demo and tests made"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "meshsight needs Python 3.11 or newer; name one: make setup PYTHON=python3.11" >&2; exit 2; }
	@echo "Setting up $(VENV): downloads about 3 GB (torch with its CUDA libraries is nearly all of it), takes 6 GB on disk." >&2
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -c 'import torch, torchvision; torchvision.ops.nms(torch.tensor([[0., 0, 1, 1]]), torch.ones(1), 0.5)'
	@touch $@

demo: setup
	@$(BIN)/meshsight demo --out demo

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

test: lint
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not long"

test-long: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto -m long

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
