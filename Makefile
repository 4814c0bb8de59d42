# A fresh machine needs Python 3.11 or newer with venv, and make; everything else is installed here, into .venv.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := schemas libs/service-kit libs/connectors services/credentials services/sync-orchestrator \
	services/connector-workers services/summary-writer services/notifier sandbox cli
IMAGES := credentials sync-orchestrator connector-workers summary-writer notifier ledgerbus-cli
CODE := schemas libs services sandbox cli scripts tests

.PHONY: demo test check lint audit format contracts lock clean

demo: .venv/installed  ## the main job, on the embedded stack
	$(BIN)/ledgerbus demo

test: .venv/installed  ## every test a person runs, on embedded servers
	$(BIN)/pytest -n 2 --dist loadgroup -q

check: lint test  ## what CI runs

lint: .venv/installed
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/export_contracts.py --check

audit: .venv/installed  ## known vulnerabilities and licences of everything locked
	$(BIN)/python scripts/check_licences.py
	$(BIN)/python scripts/audit_dependencies.py

format: .venv/installed
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

contracts: .venv/installed  ## write schemas/generated and the tables of schemas/README.md from the code
	$(BIN)/python scripts/export_contracts.py

lock: .venv/installed  ## renew all locks; uv.lock stays out of the repository, it names hosts
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --all-packages --no-emit-workspace --no-header --no-annotate --quiet -o requirements.lock
	@for image in $(IMAGES); do \
		$(BIN)/uv export --package $$image --no-dev --no-header --no-annotate --quiet -o deploy/locks/$$image.lock; done

clean:
	rm -rf .venv .ledgerbus uv.lock

.venv/installed: requirements.lock $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ledgerbus needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "This Python has no venv; on Debian or Ubuntu install it with: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "installing into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@
