# A fresh machine needs Python 3.11 or newer with venv, and make; everything else is installed here, into .venv.
PYTHON ?= python3
BIN := .venv/bin
PROCESSES ?= 2
PACKAGES := schemas libs/service-kit libs/connectors services/credentials services/sync-orchestrator \
	services/connector-workers services/summary-writer services/notifier sandbox cli
IMAGES := credentials sync-orchestrator connector-workers summary-writer notifier ledgerbus-cli
KAFKA_TESTS := tests/kafka tests/service_kit tests/e2e tests/credentials/test_process_warns.py \
	tests/credentials/test_processes.py tests/ledgerbus_cli/test_setup.py tests/notifier/test_service.py \
	tests/summary_writer/test_service.py tests/sync_orchestrator/test_service.py tests/sync_orchestrator/test_crashes.py
CODE := schemas libs services sandbox cli scripts tests docs/examples

.PHONY: demo chaos chaos-kafka test test-alerts test-faults test-kafka test-operations bench-fairness check lint audit format contracts docs dashboards lock clean

demo: .venv/installed  ## the main job, on the embedded stack
	$(BIN)/ledgerbus demo

chaos: .venv/installed  ## two minutes of disturbances, and then nothing may be lost, doubled, wrong or stuck
	$(BIN)/ledgerbus chaos --minutes 2

chaos-kafka: .venv/installed  ## the same on Apache Kafka
	$(BIN)/ledgerbus chaos --minutes 2 --kafka

test: .venv/installed  ## every test a person runs, on embedded servers; PROCESSES=1 is slower and surer
	$(BIN)/pytest -n $(PROCESSES) --dist loadgroup -q

test-alerts: .venv/installed  ## alerts and dashboards, by Prometheus' own promtool (Debian: prometheus)
	$(BIN)/python scripts/check_alerts.py

test-faults: .venv/installed  ## processes are killed; on the embedded broker
	$(BIN)/pytest tests/faults -q

test-kafka: .venv/installed  ## what depends on the broker, and every fault, on Apache Kafka: needs Java 17 and Maven
	@scripts/kafka --fetch
	LEDGERBUS_BROKER=kafka $(BIN)/pytest -n $(PROCESSES) --dist loadgroup -q $(KAFKA_TESTS) tests/faults

test-operations: .venv/installed  ## a backup put back; every process replaced under load; Apache Kafka with ACLs
	$(BIN)/pytest tests/operations -q

bench-fairness: .venv/installed  ## how soon a reload starts beside a large bulk, how evenly many companies progress
	$(BIN)/python scripts/bench_fairness.py

check: lint test  ## before each commit; .ci/run does more

lint: .venv/installed
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/export_contracts.py --check
	$(BIN)/python scripts/export_dashboards.py --check

audit: .venv/installed  ## known vulnerabilities and licences of everything locked
	$(BIN)/python scripts/check_licences.py
	$(BIN)/python scripts/audit_dependencies.py

format: .venv/installed
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

contracts: .venv/installed  ## write schemas/generated, the tables of schemas/README.md and four pages of docs from the code
	$(BIN)/python scripts/export_contracts.py

docs: .venv/installed  ## the AsyncAPI documents as pages to browse, in .ledgerbus/docs: needs npm
	$(BIN)/python scripts/render_channels.py

dashboards: .venv/installed  ## write deploy/grafana/dashboards from scripts/dashboards
	$(BIN)/python scripts/export_dashboards.py

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
	@$(BIN)/python -m compileall -q $(PACKAGES)  # even where Python is told to write none: dozens of processes start
	@touch $@
