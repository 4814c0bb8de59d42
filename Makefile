# Everything a fresh machine needs: Python 3.11+ with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := schemas libs/service-kit libs/connectors services/credentials services/sync-orchestrator \
	services/connector-workers services/summary-writer services/notifier sandbox cli

.PHONY: demo test check format contracts lock clean

.venv/installed: requirements.lock $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ledgerbus needs Python 3.11 or newer; name it with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "This Python has no venv; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@
