# The front door. `make help` lists the targets; README.md shows them in use.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# uv from PATH where there is one, otherwise a copy inside the virtual environment.
UV = $$(command -v uv || echo $(BIN)/uv)
UV_VERSION := $(shell sed -n 's/^uv==//p' requirements/runtime.txt)
# A virtual environment holds its own path and its Python's: one that was made elsewhere, that was left half-made,
# whose Python has gone or is not the one that PYTHON=… names is made again.
ASKED = $(if $(filter command% environment%,$(origin PYTHON)),$(PYTHON),$(BIN)/python)
VENV_FITS := $(shell [ "$$(cat $(VENV)/.python 2>/dev/null)" = "$(CURDIR)" ] && $(BIN)/python -c '$(SUPPORTED)' 2>/dev/null \
	&& [ "$$("$(ASKED)" --version 2>/dev/null)" = "$$($(BIN)/python --version)" ] && echo yes)
OFFLINE = { echo "  fix: is this machine offline? Set-up must reach a Python package index once (mirrors: UV_DEFAULT_INDEX" \
	"and PIP_INDEX_URL); then run make again" >&2; exit 3; }

SCENARIO ?= million-a-day
MINUTES ?= 2
ENGINE ?= localstack
ARGS ?=

.PHONY: help setup dev engine run test check lint types template-lint unit integration e2e conformance browser docker base-images images fuzz hostile pins clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime engine ## Everything `make run` needs: virtual environment, pinned packages, engine

dev: $(VENV)/.dev engine ## Everything the tests need, on top of `setup`

run: $(VENV)/.runtime ## A million-a-day load for MINUTES=2 through the whole pipeline, with a report in reports/
	@$(BIN)/floodgate run $(SCENARIO) --minutes $(MINUTES) $(ARGS)

test: dev ## All tests, in three processes (ARGS="-k name" to select, ARGS="-n 0" for one process)
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(ARGS)

check: lint types template-lint test ## What CI runs: ruff, mypy, cfn-lint, tests

lint: $(VENV)/.dev ## ruff: style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict
	@$(BIN)/mypy
	@cd harness/engines/localstack/plugin && "$(CURDIR)/$(BIN)/mypy" --config-file "$(CURDIR)/pyproject.toml" \
		--cache-dir "$(CURDIR)/.mypy_cache" -p floodgate_localstack
	@cd harness/engines/ministack/plugin && "$(CURDIR)/$(BIN)/mypy" --config-file "$(CURDIR)/pyproject.toml" \
		--cache-dir "$(CURDIR)/.mypy_cache" -p floodgate_ministack

template-lint: $(VENV)/.dev ## cfn-lint on all CloudFormation templates
	@$(BIN)/cfn-lint -c I -- pipeline/*.yaml

unit: $(VENV)/.dev ## Only the tests that need no process and no socket
	@$(BIN)/python -m pytest -m unit $(ARGS)

integration: dev ## Only the tests against one real engine or server
	@$(BIN)/python -m pytest -m integration $(ARGS)

e2e: dev ## Only the tests of the whole pipeline
	@$(BIN)/python -m pytest -m e2e $(ARGS)

conformance: dev ## Every behaviour of AWS that is listed, on ENGINE=localstack (a name, a URL, aws)
	@$(BIN)/python -m pytest tests/conformance --engine $(ENGINE) $(ARGS)

browser: dev ## Only the tests that open a report in Chromium
	@$(BIN)/python -m pytest -m browser $(ARGS)

docker: dev ## Only the tests in containers: needs a Docker Engine and the images of `make base-images`
	@$(BIN)/python -m pytest -m docker $(ARGS)

base-images: ## Official images that the tests in containers start from: pulled, or stand-ins made from Debian
	@.ci/base-images localstack/localstack:4.14.0 python:3.11-slim python:3.12-slim python:3.13-slim

images: $(VENV)/.runtime ## Wheels and images of docker-compose.yml; after that Compose needs no network
	@$(BIN)/python -m harness.images

fuzz: $(VENV)/.dev ## A million malformed SFTP packets into the real handler (ARGS="--packets N --seed N")
	@$(BIN)/python -m tests.unit.sftp.fuzz $(ARGS)

hostile: $(VENV)/.dev ## Hostile SSH clients against the real server: 10,000 half-open connections and more
	@$(BIN)/python -m benchmarks.sftp_hostile $(ARGS)

pins: $(VENV)/.dev ## Resolve requirements/*.txt again from pyproject.toml
	@$(UV) pip compile -q pyproject.toml --universal --python-version 3.11 --upgrade \
		--no-header --no-emit-index-url --no-annotate -o requirements/runtime.txt
	@$(UV) pip compile -q pyproject.toml --group pyproject.toml:dev --extra docker --universal --python-version 3.11 --upgrade \
		-c requirements/runtime.txt --no-header --no-emit-index-url --no-annotate -o requirements/dev.txt

clean: ## Remove the virtual environment and caches of this checkout (not stacks, not reports)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

engine: $(VENV)/.runtime
	@$(BIN)/floodgate setup

ifneq ($(VENV_FITS),yes)
.PHONY: $(VENV)/.python
endif
$(VENV)/.python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(SUPPORTED)' || { \
		echo "floodgate needs Python 3.11, 3.12 or 3.13 on PATH (or make PYTHON=/path/to/python3.11)" >&2; exit 3; }
	@echo "==> virtual environment in $(VENV) ($$("$(PYTHON)" --version))"
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
		rm -rf $(VENV); echo "'$(PYTHON) -m venv' failed; if it lacks ensurepip (Debian, Ubuntu): apt install python3-venv" >&2; exit 3; }
	@echo "$(CURDIR)" > $@

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml $(VENV)/.python
	@command -v uv >/dev/null || test -x $(BIN)/uv || { echo "==> uv $(UV_VERSION), into the virtual environment"; \
		$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION) || $(OFFLINE); }
	@echo "==> packages of requirements/runtime.txt"
	@$(UV) pip install -q --python $(BIN)/python -r requirements/runtime.txt || $(OFFLINE)
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e . || $(OFFLINE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "==> packages of requirements/dev.txt"
	@$(UV) pip install -q --python $(BIN)/python -r requirements/dev.txt || $(OFFLINE)
	@touch $@
