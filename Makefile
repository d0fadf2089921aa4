# make demo    a fab lab in the browser (PORT=8080)         make test    every test (ARGS="tests/unit -k tap")
# make run     a real lab, from etabli.toml                 make check   style, types, import contracts, generated docs
# make bench   the figures                                  make soak    the long runs
# make docs    write the generated pages                    make lock    choose exact versions anew
# make assets  the font, icons and curves of the pages; the others call it
# make pictures  how every page looks, anew: to be looked at before it is committed
#
# The first call makes .venv (with uv where it is installed, else with venv and pip); later calls change nothing.

SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8080
ARGS ?=
# A file of tests goes to one of so many at once.
WORKERS ?= 2
BIN := .venv/bin
export PYTHON

.PHONY: help demo run test check bench soak docs lock assets pictures clean install install-dev
.DEFAULT_GOAL := help

help:
	@sed -n '1,8s/^# \{0,1\}//p' Makefile

demo: install assets
	@$(BIN)/etabli demo --port $(PORT) $(ARGS)

run: install assets
	@$(BIN)/etabli run $(ARGS)

test: install-dev assets
	@scripts/test-setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(if $(ETABLI_NO_SKIP),-p tests.plugins.no_skip) $(ARGS)

check: install-dev
	@scripts/check

bench: install-dev assets
	@scripts/test-setup
	@$(BIN)/python -m bench $(ARGS)

soak: install-dev
	@scripts/test-setup
	@$(BIN)/python -m pytest -m soak --timeout=0 -o addopts= --import-mode=importlib -ra $(ARGS)

pictures: install-dev assets
	@scripts/test-setup
	@$(BIN)/python -m tests.web.pictures

docs: install
	@$(BIN)/python -m etabli.docs $(ARGS)

lock:
	@scripts/lock

# What could not be had is said, and never stops the rest: pages work without it.
assets: install
	@$(BIN)/python scripts/assets

clean:
	rm -rf .venv .venv-octoprint .venv-node dashboard/static/vendor tests/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

install: .venv/.app-installed .venv/.linked
install-dev: install .venv/.dev-installed

.venv/.app-installed: requirements/build.txt requirements/app.txt
	@scripts/venv .venv build app
	@touch $@

.venv/.dev-installed: requirements/dev.txt .venv/.app-installed
	@scripts/venv .venv dev
	@touch $@

.venv/.linked: pyproject.toml .venv/.app-installed
	@scripts/venv .venv --link
	@touch $@
