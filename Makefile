# Titans Lab. `make` alone lists what can be asked for; `make run` opens the lab.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8501
MODEL ?= mac mag mal lmm attention

BIN := .venv/bin
READY := .venv/ready
READY_DEV := .venv/ready-dev
READY_BENCH := .venv-bench/ready

# The index that torch was installed from stays chosen until another is given; a new choice makes .venv anew.
INSTALLED_FROM := $(shell cat .venv/torch-index 2>/dev/null)
TORCH_INDEX ?= $(INSTALLED_FROM)
ifneq ($(strip $(TORCH_INDEX)),$(INSTALLED_FROM))
.PHONY: $(READY)
endif

# Many small products: a second thread costs more than it brings, and threads that wait must not spin.
run test load: export OMP_NUM_THREADS := 1
run test load: export OMP_WAIT_POLICY := PASSIVE

.PHONY: help
help:  ## list what can be asked for
	@echo 'Titans Lab: make TARGET [NAME=VALUE …]'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 12

.PHONY: setup
setup: $(READY)  ## make the environment .venv, and nothing else   [PYTHON=python3] [TORCH_INDEX=URL]

.PHONY: run
run: $(READY)  ## open the lab on port 8501   [PORT=8501] [TORCH_INDEX=URL]
	@exec $(BIN)/python -m streamlit run app/main.py --server.port=$(PORT) --server.headless=true

.PHONY: test
test: $(READY_DEV) chromium  ## check style and types, then run every test, quick ones first
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2 -m 'not slow and not browser'
	$(BIN)/python -m pytest -q -m 'slow or browser'

.PHONY: lint
lint: $(READY_DEV)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: bench
bench: $(READY_DEV) $(READY_BENCH) chromium  ## measure speed beside a peer, results in benchmarks/results
	$(BIN)/python -m benchmarks.stream
	$(BIN)/python -m benchmarks.page

.PHONY: train
train: $(READY)  ## train the shipped models anew   [MODEL="mac mag mal lmm attention"]
	@for model in $(MODEL); do $(BIN)/python -m titans_core train "configs/$$model.toml"; done

.PHONY: lessons
lessons: $(READY)  ## check every lesson and list them
	@$(BIN)/python -m lessons

# ---------------------------------------------------------------------------------------------- environments

$(READY): requirements.txt
	@$(call need-venv)
	@if [[ '$(strip $(TORCH_INDEX))' != '$(INSTALLED_FROM)' ]]; then rm -rf .venv; fi
	$(PYTHON) -m venv .venv
	@if [[ -n '$(strip $(TORCH_INDEX))' ]]; then \
	  torch="$$(grep '^torch==' requirements.txt)"; set -x; \
	  $(BIN)/python -m pip install --quiet --no-deps --index-url '$(strip $(TORCH_INDEX))' "$$torch"; \
	fi
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@echo '$(strip $(TORCH_INDEX))' > .venv/torch-index
	@touch $@

$(READY_DEV): requirements-dev.txt $(READY)
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@

# The peers live apart: their dependencies must not choose ours.
$(READY_BENCH): requirements-bench.txt $(READY)
	@$(call need-venv)
	$(PYTHON) -m venv .venv-bench
	@if [[ -n '$(strip $(TORCH_INDEX))' ]]; then \
	  torch="$$(grep '^torch==' requirements.txt)"; set -x; \
	  .venv-bench/bin/python -m pip install --quiet --no-deps --index-url '$(strip $(TORCH_INDEX))' "$$torch"; \
	fi
	.venv-bench/bin/python -m pip install --quiet -r requirements-bench.txt
	@touch $@

.PHONY: chromium
chromium:
	@if ! command -v chromium chromium-browser google-chrome >/dev/null; then \
	  if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo 'The browser tests need Chromium: install it (on Debian: sudo apt install chromium), then run make again.' >&2; exit 1; fi; \
	fi

# A Python that is new enough and can make environments; Debian keeps the latter in a package of its own.
define need-venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo 'Titans Lab needs Python 3.11 or newer: install it, or name one with make PYTHON=/path/to/python3.' >&2; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
  if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
  else echo 'Python cannot make environments here: install its venv (on Debian: sudo apt install python3-venv), then run make again.' >&2; exit 1; fi; }
endef
