"""What a number of connections needs, by arithmetic alone."""

from dataclasses import dataclass
from math import ceil

from connector_workers.settings import Settings as WorkerSettings
from sync_orchestrator.settings import Settings as OrchestratorSettings
from sync_orchestrator.settle_runs import COUNTING_SHARE

from scaling import inputs

_SLOTS = int(OrchestratorSettings.model_fields["slots"].default)
_WORKER_SLOTS = int(WorkerSettings.model_fields["slots"].default)
_PROGRESS_S = float(OrchestratorSettings.model_fields["progress_every_s"].default)
_TALLIED_A_SECOND = 100_000  # documents that a node of MongoDB may well count beside its other work
_LEAST = 2
_PARTITIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One size of installation."""

    connections: int

    @property
    def jobs_a_second(self) -> float:
        return self.connections / (inputs.WINDOW_H * 3600)

    @property
    def readings_at_once(self) -> float:
        return self.jobs_a_second * inputs.TYPICAL_CALLS * inputs.CALL_S

    @property
    def slots(self) -> int:
        """Of the orchestrator: twice as many are released, so that there is room for as much again."""
        return max(_SLOTS, ceil(self.readings_at_once / 100) * 100)

    def cores(self, service: str) -> float:
        return self.jobs_a_second * inputs.CPU_MS_A_JOB[service] / 1000

    def replicas(self, service: str) -> int:
        """One more than needed, so that one may be lost."""
        needed = ceil(self.cores(service) / inputs.BUSY) + 1
        if service == "connector-workers":
            needed = max(needed, 2 * self.slots // _WORKER_SLOTS + 1)
        return max(_LEAST, needed)

    @property
    def partitions(self) -> int:
        """Two for each of the most replicas, in steps of twelve, which many numbers divide."""
        most = max(self.replicas(service) for service in inputs.CPU_MS_A_JOB)
        return ceil(2 * most / _PARTITIONS) * _PARTITIONS

    @property
    def all_cores(self) -> float:
        idle = inputs.IDLE_CPU_MS_A_SECOND / 1000 / len(inputs.CPU_MS_A_JOB)
        return sum(self.cores(each) + idle * self.replicas(each) for each in inputs.CPU_MS_A_JOB)

    @property
    def requested_cores(self) -> float:
        return sum(self.replicas(each) * cores for each, (cores, _) in inputs.REQUESTS.items())

    @property
    def memory_gb(self) -> float:
        return sum(self.replicas(each) * gb for each, (_, gb) in inputs.REQUESTS.items())

    @property
    def euros_a_month(self) -> float:
        """Of our own pods, all day: what they need at night, or request at least."""
        cores = max(self.all_cores / inputs.BUSY, self.requested_cores)
        return cores * inputs.CORE_EUR_A_MONTH + self.memory_gb * inputs.GB_EUR_A_MONTH

    @property
    def runs(self) -> int:
        return ceil(self.connections / inputs.BULK)

    @property
    def progress_every_s(self) -> int:
        """Of a run, if all are asked for at once: each that moved is counted whole, in a part of the time."""
        moving = min(self.runs, 3 * self.jobs_a_second)
        counting_s = moving * min(self.connections, inputs.BULK) / _TALLIED_A_SECOND
        return max(int(_PROGRESS_S), ceil(counting_s / COUNTING_SHARE))

    @property
    def messages_a_second(self) -> float:
        return self.jobs_a_second * len(inputs.MESSAGE_BYTES)

    @property
    def kafka_gb_a_night(self) -> float:
        return self.connections * sum(inputs.MESSAGE_BYTES.values()) / 1e9

    @property
    def jobs_gb_a_night(self) -> float:
        return self.connections * inputs.DOCUMENT_BYTES["job"] / 1e9

    @property
    def history_gb_a_night(self) -> float:
        return self.connections * inputs.CHANGED * inputs.DOCUMENT_BYTES["history"] / 1e9

    @property
    def kept_gb(self) -> float:
        """After as many nights as jobs are kept; indexes not counted."""
        nightly = self.jobs_gb_a_night + self.history_gb_a_night
        return nightly * inputs.KEPT_NIGHTS + self.summaries_gb_a_year

    @property
    def summaries_gb_a_year(self) -> float:
        return self.connections * 12 * inputs.DOCUMENT_BYTES["summary"] / 1e9


def plan_for(connections: int) -> Plan:
    return Plan(connections=connections)
