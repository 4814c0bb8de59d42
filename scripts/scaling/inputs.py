"""Every number that docs/scaling.md is computed from, in one place; what is assumed is named so."""

from pathlib import Path

import yaml
from connectors.registry import CONNECTORS
from sync_contracts.providers import Provider
from sync_orchestrator.settings import Settings as OrchestratorSettings


def _cores(told: str) -> float:
    """Kubernetes' `500m` or `1`."""
    return float(told[:-1]) / 1000 if told.endswith("m") else float(told)


def _gb(told: str) -> float:
    """Kubernetes' `256Mi`."""
    return float(told.removesuffix("Mi")) * 2**20 / 1e9


# How much: connections refreshed nightly, one month each.
FIRMS = (1_000, 100_000, 3_000_000)
WINDOW_H = 8.0
BULK = 10_000  # clients of one sync.bulk at most (schemas, SyncBulk)

# Measured by `ledgerbus load --clients 400 --months 1 --kafka`: Merit Aktiva, 2 cores, Python 3.11;
# 25 jobs a second came out of it. Idling is among it, and counted once more for each replica.
CPU_MS_A_JOB = {
    "credentials": 3.10,
    "sync-orchestrator": 5.70,
    "connector-workers": 12.90,
    "summary-writer": 3.50,
    "notifier": 0.60,
}
VAULT_CPU_MS_A_JOB = 1.80  # OpenBao
DATABASE_CPU_MS_A_JOB = 24.65  # the embedded one, not MongoDB's own server
BROKER_CPU_MS_A_JOB = 5.95  # the embedded one, at a fetch time of 250 ms
IDLE_CPU_MS_A_SECOND = 117.0  # of all services together, one process each, on the slower machine
AIMED_CPU_MS_A_JOB = 6.5

# Sizes, of full messages and documents with all 14 metrics, before compression.
MESSAGE_BYTES = {"job.requested": 560, "job.started": 630, "job.counted": 2_200, "summary.updated": 450}
DOCUMENT_BYTES = {"job": 500, "summary": 2_100, "history": 2_500}
# Estimated from the code, not counted at a server: documents written and read for a job that goes well.
WRITES_A_JOB = 6  # job: inserted, released, started, ended; summary; its history
READS_A_JOB = 8  # job at each change, connection and its token set for the lease, facts, summary, history

# Assumed, not measured.
CALL_S = 0.5  # a provider's time for one call, waits for limits aside
BUSY = 0.6  # a replica's share of one core at the height of the night
CHANGED = 0.1  # of the months of a night that differ from what is known: only these are written anew
CORE_EUR_A_MONTH, GB_EUR_A_MONTH = 25.0, 3.0  # on demand, a European cloud

# What a replica requests: the chart's own defaults, in cores and GB.
_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "ledgerbus" / "values.yaml"
REQUESTS = {
    name: (_cores(each["resources"]["requests"]["cpu"]), _gb(each["resources"]["requests"]["memory"]))
    for name, each in yaml.safe_load(_CHART.read_text())["services"].items()
}
KEPT_NIGHTS = int(OrchestratorSettings.model_fields["kept_days"].default)

# Calls of one month (docs/providers.md), where there is nothing behind the first page.
CALLS = {
    Provider.DIRECTO: 2,
    Provider.E_CONOMIC: 5,
    Provider.FORTNOX: 4,
    Provider.FREEAGENT: 8,
    Provider.MERIT_AKTIVA: 5,
    Provider.QUICKBOOKS: 2,
    Provider.SCORO: 3,
    Provider.SMARTACCOUNTS: 4,
    Provider.TRIGON: 4,
    Provider.TRIPLETEX: 4,
    Provider.XERO: 5,
}
TYPICAL_CALLS = 5
QUICKBOOKS_FREE_READS_A_MONTH = 500_000  # of the whole app (docs/providers.md)
BUDGETS = {provider: connector.budgets for provider, connector in CONNECTORS.items()}
