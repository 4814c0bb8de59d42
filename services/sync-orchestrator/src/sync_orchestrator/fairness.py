"""Which due readings are released next: pure choice by credit, share and cap."""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sync_orchestrator.records import ClientKey

# A reload's twelve months always fit into a company's share.
LEAST_SHARE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The due jobs of one connection of one run, released together."""

    run_id: UUID
    client: ClientKey
    account_key: str
    site_key: str
    is_single: bool
    job_ids: tuple[UUID, ...]

    @property
    def company_id(self) -> str:
        return self.client[0]

    @property
    def keys(self) -> tuple[str, str]:
        """Of what can hold it back alone: its account and its server."""
        return self.account_key, self.site_key


class Outstanding(NamedTuple):
    """A job that is released or started, as far as its place counts."""

    run_id: UUID
    company_id: str
    client_id: str
    account_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """How much may be outstanding; `reserved` jobs of it are kept for single clients' runs."""

    slots: int
    reserved: int = 24
    account_concurrency: int = 1

    @property
    def jobs(self) -> int:
        return 2 * self.slots

    @property
    def bulk_jobs(self) -> int:
        return max(self.jobs - self.reserved, self.jobs // 2)

    @property
    def account_readings(self) -> int:
        """One more than run at once, so that the next is ready when one ends."""
        return self.account_concurrency + 1

    def room(self, load: "Load") -> int:
        """How many jobs more may be outstanding."""
        return max(self.jobs - load.jobs, 0)

    def share(self, companies: int) -> int:
        return max(LEAST_SHARE, self.jobs // max(companies, 1))


@dataclass(slots=True)
class Load:
    """What is outstanding: jobs by company, readings by account."""

    companies: Counter[str] = field(default_factory=Counter)
    accounts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, outstanding: Collection[Outstanding]) -> "Load":
        readings = {(job.run_id, job.client_id, job.account_key) for job in outstanding}
        return cls(
            Counter(job.company_id for job in outstanding), Counter(account for *_, account in readings)
        )

    @property
    def jobs(self) -> int:
        return self.companies.total()

    def full_accounts(self, credit: Credit) -> set[str]:
        return {account for account, count in self.accounts.items() if count >= credit.account_readings}

    def add(self, reading: Reading) -> None:
        self.companies[reading.company_id] += len(reading.job_ids)
        self.accounts[reading.account_key] += 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What to release, and the companies whose due work stays back because others get their share."""

    readings: list[Reading]
    held: frozenset[str]


def choose(candidates: Sequence[Reading], load: Load, credit: Credit) -> Choice:
    """Single clients' runs first, then bulk; each turn goes to the company with the least outstanding."""
    load = Load(load.companies.copy(), load.accounts.copy())
    active = {reading.company_id for reading in candidates} | set(+load.companies)
    share = credit.share(len(active))
    singles = _Round([reading for reading in candidates if reading.is_single], credit.jobs)
    bulks = _Round([reading for reading in candidates if not reading.is_single], credit.bulk_jobs)
    chosen = singles.take(load, share, credit)
    if not singles.is_blocked:
        chosen += bulks.take(load, share, credit)
    crowded = len(active) > 1
    return Choice(chosen, frozenset(singles.held | bulks.held) if crowded else frozenset())


class _Round:
    """Takes readings of several companies by turns until nothing fits any more."""

    def __init__(self, readings: Iterable[Reading], limit: int) -> None:
        self.held: set[str] = set()
        self.is_blocked = False
        self._limit = limit
        self._queues: dict[str, deque[Reading]] = {}
        for reading in readings:
            self._queues.setdefault(reading.company_id, deque()).append(reading)

    def take(self, load: Load, share: int, credit: Credit) -> list[Reading]:
        taken: list[Reading] = []
        while self._queues:
            company = min(self._queues, key=lambda name: (load.companies[name], name))
            queue = self._queues[company]
            if not queue:
                del self._queues[company]
                continue
            reading = queue.popleft()
            if load.accounts[reading.account_key] >= credit.account_readings:
                continue
            if not _fits(load.jobs, reading, self._limit):
                self.is_blocked = True
                self.held |= self._queues.keys()
                break
            if not _fits(load.companies[company], reading, share):
                self.held.add(company)
                del self._queues[company]
                continue
            load.add(reading)
            taken.append(reading)
        return taken


def _fits(outstanding: int, reading: Reading, limit: int) -> bool:
    """A reading larger than the limit goes alone rather than never."""
    return outstanding + len(reading.job_ids) <= limit or outstanding == 0
