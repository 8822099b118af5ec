# `make` prints what there is. Everything runs from .venv, which .ci/setup makes once.
# Values may hold spaces: make report SCANS="my scans" WORKSPACE=march AS_OF=2026-04-01

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests report ingest dashboards lab engines engine-study test test-kill test-engines lint bench clean doctor
export SCANS WORKSPACE AS_OF PORT WORKERS ENGINE ENGINES

RUN := .venv/bin/invoice-lab

help:
	@echo "Usage: make <target> [NAME=value ...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

setup: ## make .venv and install what is missing (every target below does it first)
	@.ci/setup

setup-tests:
	@.ci/setup --tests

report: setup ## scans to HTML reports [SCANS=folder] [WORKSPACE=name] [AS_OF=date] [ENGINE=name]; without SCANS a made-up sample batch
	@$(RUN) report $${SCANS:+--scans "$$SCANS"} $${WORKSPACE:+--workspace "$$WORKSPACE"} $${AS_OF:+--as-of "$$AS_OF"} \
	$${ENGINE:+--engine "$$ENGINE"}

ingest: setup ## read scans into the books: SCANS=folder, archive or URL [WORKSPACE=default] [WORKERS=n] [ENGINE=name]
	@test -n "$$SCANS" || { echo 'Say which scans: make ingest SCANS=<folder>' >&2; exit 2; }
	@$(RUN) ingest "$$SCANS" --workspace "$${WORKSPACE:-default}" $${WORKERS:+--workers "$$WORKERS"} \
	$${ENGINE:+--engine "$$ENGINE"}

dashboards: setup ## serve the dashboards on this machine, http://127.0.0.1:8866 [WORKSPACE=name] [PORT=n]
	@exec $(RUN) dashboards $${WORKSPACE:+--workspace "$$WORKSPACE"} $${PORT:+--port "$$PORT"}

lab: setup ## open JupyterLab with the notebooks, the package and the database ready
	@exec $(RUN) lab

engines: setup ## environments of further OCR engines [ENGINES="rapidocr easyocr"]; without ENGINES all four, 13 GB
	@$(RUN) engines --install $$ENGINES

engine-study: setup ## compare the OCR engines: reports/engines.html [SCANS=folder with truth.jsonl] [ENGINES=a,b]
	@$(RUN) engine-study $${SCANS:+--scans "$$SCANS"} $${ENGINES:+--engines "$$ENGINES"}

test: setup-tests ## run all tests but those of `make test-engines`, with coverage
	@unset DATABASE_URL INVOICE_LAB_DATA INVOICE_LAB_REPORTS INVOICE_LAB_ENGINES; \
	export INVOICE_LAB_REQUIRE_BROWSER=1 INVOICE_LAB_BROWSER="$${INVOICE_LAB_BROWSER:-$$(cat .venv/.browser)}"; \
	export INVOICE_LAB_REQUIRE_ENGINES=1; \
	.venv/bin/python -m pytest -m 'not engines' -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

test-kill: setup-tests ## kill an ingest at 200 random points, let every kind of fault happen everywhere, compare the books
	@export INVOICE_LAB_KILLS=200 INVOICE_LAB_EVERY_FAULT=1; \
	.venv/bin/python -m pytest tests/ingest/test_kill.py tests/ingest/test_faults.py

test-engines: setup-tests ## run the tests of EasyOCR, docTR and Donut, for real; makes their environments first, 13 GB
	@$(RUN) engines --install
	@export INVOICE_LAB_REQUIRE_ENGINES=1; .venv/bin/python -m pytest -m engines tests/ocr

lint: setup ## ruff (rules, format) and mypy --strict
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy

bench: setup ## measure reading, ingest, cache, analytics and segments; prints a table, results in benchmarks/results
	@.venv/bin/python -m benchmarks

clean: ## remove .venv, .engines, caches of tools and the reports; never .data (scans, books) or reports/archive
	@find reports -mindepth 1 -maxdepth 1 ! -name README.md ! -name template ! -name archive -exec rm -rf {} +
	@rm -rf .venv .engines .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov dist build
	@find invoice_lab tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

doctor: setup ## what is there, what is missing, how to get it
	@$(RUN) doctor
