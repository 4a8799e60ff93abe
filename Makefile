# Two commands do everything on a fresh machine with Python 3.11 and make:
#   make demo    watch student nodes win, in a few minutes
#   make test    run the whole test suite
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all lint types format lines bench mutants docs gallery reproduce wheel-check clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

install: $(VENV)/installed  ## create .venv and install tfluck with its development tools

demo: install  ## the main job at a scale of a few minutes: table, figure, TensorBoard logs
	$(BIN)/tfluck train --preset luck-matters/demo

test: install  ## the whole test suite
	$(BIN)/python -m pytest -n 2

test-all: install  ## also the slow tests, Dask, the site, and pages in a browser
	$(BIN)/python -m pip install --quiet --editable '.[dev,dask,docs,browser]'
	$(BIN)/python -m pytest -n 2 -m "not network"

bench: install  ## speed against a PyTorch loop; prints a table and writes it to benchmarks/
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/phases.py
	$(BIN)/python benchmarks/ad.py

mutants: install  ## do the tests notice wrong lines? prints who survives and writes it to benchmarks/
	$(BIN)/python -m pip install --quiet --editable '.[dev,mutants]'
	$(BIN)/python benchmarks/mutants.py

docs: install  ## the documentation as a site in build/site, to be opened from disk
	$(BIN)/python -m pip install --quiet --editable '.[dev,docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html; with search: $(BIN)/python -m http.server -d build/site"

gallery: install  ## the gallery's pictures that no long training is behind; minutes
	$(BIN)/python docs/gallery.py

reproduce: install  ## both papers at the scale laptop: hours; stop it at any moment, it goes on
	$(BIN)/tfluck verdict --paper all --scale laptop --figures build/reproduce --dry-run
	$(BIN)/tfluck verdict --paper all --scale laptop --figures build/reproduce --csv build/reproduce/verdicts.csv

wheel-check: install  ## build the wheel, install it elsewhere, ask it for help
	rm -rf build/wheel && $(BIN)/python -m pip wheel --quiet --no-deps -w build/wheel .
	$(PYTHON) -m venv build/wheel/env
	build/wheel/env/bin/python -m pip install --quiet build/wheel/*.whl
	cd build/wheel && env/bin/tfluck train --scale smoke --dry-run

lint: install  ## style
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install  ## static types
	$(BIN)/mypy

format: install  ## rewrite the style
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lines:  ## lines of tests over lines of source
	@tests=$$(git ls-files 'tests/*.py' | xargs cat | wc -l); \
	source=$$(git ls-files 'tfluck/*.py' 'cli/*.py' | xargs cat | wc -l); \
	awk "BEGIN {printf \"%d lines of tests, %d of source: %.2f\\n\", $$tests, $$source, $$tests / $$source}"

clean:  ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
