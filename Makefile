PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto

.DEFAULT_GOAL := help
# Set on some machines; every process would then compile aqboard itself anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test lint format docs bench mutants demo-data browser slurm lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## make the virtual environment
$(READY): pyproject.toml constraints.txt tools/setup_env.py
	$(PYTHON) tools/setup_env.py $(VENV)
	@touch $@

run: $(READY)  ## check the two demo launches for real, then serve the dashboard
	$(BIN)/aqboard demo
	$(BIN)/aqboard serve

test: $(READY)  ## all tests; those that need a browser, a Slurm or a GPU skip visibly
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(READY)  ## style, types, layers: what CI holds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## write the reference pages of docs/ and the drawing of the packages from the code
	$(BIN)/python -m tools.reference_docs

bench: $(READY)  ## plain against fast, as ratios measured in one run; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

mutants: $(READY)  ## do the tests hold the core? ONLY=aqboard/domain/signing/seats.py for one module; writes docs/mutants.md
	$(BIN)/python -m tools.mutants $(ONLY)

demo-data: $(READY)  ## train the demo model again and rebuild data/demo (minutes)
	$(BIN)/python -m aqboard_reference.demo.artefacts

browser:  ## install Chromium for the browser tests (Debian)
	apt-get update -q && apt-get install -y -q --no-install-recommends chromium

slurm:  ## install Slurm and shellcheck for the tests that run them (Debian)
	apt-get update -q && apt-get install -y -q --no-install-recommends slurmctld slurmd slurm-client munge shellcheck

lock: $(READY)  ## write the versions in use to constraints.txt
	$(BIN)/python -m uv pip freeze --python $(BIN)/python | grep '==' | grep -vE '^(torch|uv)==' > constraints.txt

clean:  ## remove the environment and everything that was generated
	rm -rf $(VENV) data/local data/demo/stores .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
