# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
RUFF := .venv/bin/ruff

.PHONY: help setup setup-dev demo up test check e2e bench test-future screenshots lock format

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## system packages, virtual environment, PKCS#11 module
	@deploy/setup.sh run

setup-dev: ## the same and what tests and checks need
	@deploy/setup.sh dev

demo: setup ## the main job, then serve until Ctrl-C (ONCE=1 ends after it, FRESH=1 starts over)
	@$(PY) -m deploy.demo $(if $(ONCE),--once) $(if $(FRESH),--fresh)

up: setup ## serve what is there, in the foreground
	@$(PY) -m deploy.serve

test: setup-dev ## every test, against SoftHSM, PostgreSQL, RabbitMQ and a browser
	@$(PY) -m deploy.run_tests $(ARGS)

e2e: setup-dev ## the browser tests alone
	@$(PY) -m deploy.run_tests tests/e2e $(ARGS)

check: setup-dev ## format, lint, types, layers, migrations, deployment settings, locks
	@deploy/check.sh

bench: ## what is done per CPU-second against references (ROWS=a,b picks rows, QUICK=1 tries with less)
	@deploy/setup.sh bench
	@$(PY) -m bench $(if $(QUICK),--quick) $(ROWS)

screenshots: setup-dev ## a picture of each page into docs/screenshots/
	@$(PY) -m deploy.screenshots

lock: setup-dev ## resolve the dependencies anew and write both lock files
	@deploy/lock.sh

format: setup-dev ## format the code
	@$(RUFF) format . && $(RUFF) check --fix --select I .
