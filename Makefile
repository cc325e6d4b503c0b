# What the project can do, for those who like make; the work is done by scripts/, which need nothing but a shell.
.DEFAULT_GOAL := help
.PHONY: help setup run test check faults bench i18n css lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## prepare system packages, .venv/ and translations
	scripts/setup

run: ## set up, migrate, load the demo data once, serve on 127.0.0.1:8000 (PORT=…, WORKERS=…)
	scripts/run

test: ## set up, run all checks and all tests
	scripts/test

check: ## ruff, mypy --strict on the domain, import-linter, translations, migrations against models
	scripts/check

faults: ## hours of races, kills, failures and edits on the fund's books (FAULTS="-k machine")
	scripts/faults $(FAULTS)

bench: ## measure speed and memory beside yardsticks, some ten minutes (BENCH="--quick --only web")
	scripts/bench $(BENCH)

i18n: ## gather the msgids into the catalogues and compile them
	scripts/setup --dev
	.venv/bin/python scripts/i18n.py update

css: ## cut Tabler down to the classes in use (needs Node.js)
	scripts/css

lock: ## pin the dependencies of pyproject.toml with hashes (needs uv)
	scripts/lock
