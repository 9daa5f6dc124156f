# Titans Lab. `make` alone lists what can be asked for; `make run` opens the lab.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
HOST ?= localhost
PORT ?= 8501
MODEL ?= mac mag mal lmm attention mac-deep mag-deep mal-deep lmm-deep lmm-chapters
DURATION ?= 600
SESSIONS ?= 50 200
INPUTS ?= 10000

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
run test compiled lessons load: export OMP_NUM_THREADS := 1
run test compiled train lessons load: export OMP_WAIT_POLICY := PASSIVE

.PHONY: help
help:  ## list what can be asked for
	@echo 'Titans Lab: make TARGET [NAME=VALUE …]'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 12

.PHONY: setup
setup: $(READY)  ## make the environment .venv, and nothing else   [PYTHON=python3] [TORCH_INDEX=URL]

.PHONY: run
run: $(READY)  ## open the lab on port 8501   [PORT=8501] [HOST=localhost] [TORCH_INDEX=URL]
	@exec $(BIN)/python -m streamlit run app/main.py --server.address=$(HOST) --server.port=$(PORT) --server.headless=true

.PHONY: test
test: $(READY_DEV) chromium servers  ## do what lint does, then run every test, quick ones first
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint compiled
	$(BIN)/python -m pytest -q -n 2 -m 'not slow and not browser and not lessons'
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m '(slow or browser) and not lessons'

.PHONY: lint
lint: $(READY_DEV)  ## check style and types, and search what serves people for known weaknesses
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r app lessons titans_core kernels

# Or each process of the tests would compile for itself what numba does.
.PHONY: compiled
compiled: $(READY_DEV)
	$(BIN)/python -m tests.compiled

# Not for continuous integration: the service is another's, and what it knows changes from day to day.
.PHONY: audit
audit: $(READY_DEV)  ## ask an advisory service, over the network, about all that is installed
	$(BIN)/python -m pip freeze --exclude-editable | sed -E 's/\+[a-z0-9.]+$$//' | \
	  $(BIN)/pip-audit --strict --no-deps --disable-pip -r /dev/stdin

.PHONY: bench
bench: $(READY_DEV) $(READY_BENCH) chromium  ## measure speed beside a peer and on the pages, results in benchmarks/results
	$(BIN)/python -m benchmarks.stream
	$(BIN)/python -m benchmarks.memory
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.together
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.lab

# One's own is put where the lab looks for such models; whoever stops it goes on by the same command.
OWN = $(basename $(notdir $(CONFIG)))
.PHONY: train
train: $(READY)  ## train the shipped models anew, or one of your own   [MODEL="mac mag …"] [CONFIG=my.toml]
ifneq ($(origin CONFIG),undefined)
	@$(BIN)/python -m app.own "$(OWN)"
	@$(BIN)/python -m titans_core train "$(CONFIG)" --out "runs/$(OWN)"
	@mkdir -p models && cp "runs/$(OWN)/model.safetensors" "models/$(OWN).safetensors"
else
	@for model in $(MODEL); do $(BIN)/python -m titans_core train "configs/$$model.toml" --ship || exit 1; done
endif

.PHONY: family
family: $(READY)  ## train the family's five models for the page Family, all on the same data and budget
	$(BIN)/python -m titans_core.tables.ship

.PHONY: lessons
lessons: $(READY_DEV) chromium  ## check every lesson, run every exhibit, and go through all of them in Chromium
	@$(BIN)/python -m lessons --claims
	$(BIN)/python -m pytest -q -m lessons

.PHONY: image
image:  ## build the container image and check how it runs   [IMAGE_ARGS="--build-arg TORCH_INDEX=URL"]
	$(PYTHON) -m deploy.image

.PHONY: fuzz
fuzz: $(READY_DEV)  ## give the lab 10,000 inputs that nobody should, and as many by atheris   [INPUTS=10000]
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m tests.fuzz --inputs $(INPUTS)

.PHONY: load
load: $(READY_DEV) chromium  ## a class of fifty, fifty sessions, two hundred that queue, faults; see tests/load   [DURATION=600] [SESSIONS="50 200"]
	$(BIN)/python -m tests.load.room --seconds $(DURATION)
	@for sessions in $(SESSIONS); do $(BIN)/python -m tests.load.sessions --seconds $(DURATION) --sessions $$sessions || exit 1; done
	$(BIN)/python -m tests.load.faults

# ---------------------------------------------------------------------------------------------- environments

$(READY): requirements.txt
	@$(need-venv)
	@if [[ '$(strip $(TORCH_INDEX))' != '$(INSTALLED_FROM)' ]]; then rm -rf .venv; fi
	@echo 'Making .venv; the first time takes some minutes, most of them for PyTorch.'
	$(PYTHON) -m venv .venv
	$(call install,.venv,requirements.txt)
	@echo '$(strip $(TORCH_INDEX))' > .venv/torch-index
	@touch $@

$(READY_DEV): requirements-dev.txt $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@

# The peers live apart: what they depend on must not choose what we depend on.
$(READY_BENCH): requirements-bench.txt $(READY)
	$(PYTHON) -m venv .venv-bench
	$(call install,.venv-bench,requirements-bench.txt)
	@touch $@

# $(call install,ENVIRONMENT,REQUIREMENTS): torch first and alone where an index is chosen, for that index need hold nothing else.
define install
$(if $(strip $(TORCH_INDEX)),$(1)/bin/python -m pip install --disable-pip-version-check --no-deps \
	  --index-url '$(strip $(TORCH_INDEX))' "$$(grep '^torch==' requirements.txt)")
	$(1)/bin/python -m pip install --disable-pip-version-check -r $(2)
endef

# A Python that is new enough and can make environments; Debian keeps the latter in a package of its own.
define need-venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Titans Lab needs Python 3.11 or newer: install it, or name one: make PYTHON=/path/to/python3.' >&2; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  $(call apt-install,python3-venv) || { \
	  echo 'This Python cannot make environments: install its venv (on Debian: sudo apt install python3-venv).' >&2; exit 1; }; }
endef

.PHONY: chromium
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || $(call apt-install,chromium) || { \
	  echo 'The browser tests need Chromium: install it (on Debian: sudo apt install chromium).' >&2; exit 1; }

# What Debian would start beside the tests' own Redis and nginx is switched off again.
.PHONY: servers
servers:
	@{ $(call server,redis-server,redis-server) && $(call server,nginx,nginx-light); } || \
	  echo 'Tests of many servers are left out: they need Redis and nginx (on Debian: sudo apt install redis-server nginx-light).' >&2

# $(call server,PROGRAM,PACKAGE)
server = { PATH="$$PATH:/usr/sbin" command -v $(1) >/dev/null || { $(call apt-install,$(2)) && \
	  { systemctl -q disable --now $(1) 2>/dev/null || true; }; }; }

# $(call apt-install,PACKAGE): fails, saying nothing, where only an administrator could do it.
apt-install = { [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; }
