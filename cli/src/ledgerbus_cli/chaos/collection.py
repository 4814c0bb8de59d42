"""Gathers what is kept: runs, jobs and receipts, summaries and their history, the truth, calls and lag."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, RunEnding, SyncCompleted

from ledgerbus_cli.chaos import hearsay
from ledgerbus_cli.chaos.evidence import (
    Amounts,
    Asked,
    Attempt,
    BooksMonth,
    CallsOf,
    Client,
    Done,
    Evidence,
    JobKept,
    Receipt,
    RunKept,
    SummaryKept,
    TrueSince,
    Written,
)
from ledgerbus_cli.chaos.firm import Firm
from ledgerbus_cli.chaos.lag import behind
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.platform_client import Platform
from ledgerbus_cli.problems import ProblemAnswerError
from ledgerbus_cli.sandbox_client import SandboxClient
from ledgerbus_cli.service_calls import Json

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 8
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_CUT_OFF = "A renewal was cut off"
_CALLS_OF_A_SAVE = 6  # a test, and the probes of rights after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Everybody who knows something."""

    platform: Platform
    sandbox: SandboxClient
    observer: Observer
    firm: Firm
    forgets: bool

    async def evidence(
        self, asked: Iterable[Asked], done: Iterable[Done], not_ready: Iterable[str]
    ) -> Evidence:
        """All of it, once everything has come to rest or the patience is over."""
        heard, done, needs_auth = self.observer.heard, tuple(done), await self._needs_auth()
        runs = await self._runs()
        summaries = [_summary(one) for one in await self.platform.summaries()]
        history = await _each(self._history, [one.of for one in summaries])
        wanted = {one.of for one in summaries} | {job.of for run in runs for job in run.jobs}
        months = sorted(of for of in wanted if of.client in self.firm.accounts)
        return Evidence(
            asked=tuple(asked),
            answered=hearsay.answers(heard),
            runs=tuple(runs),
            receipts=hearsay.receipts(heard),
            started=hearsay.readings(heard),
            outcomes=hearsay.outcomes(heard),
            counted=hearsay.counted(heard),
            kept=hearsay.kept(heard),
            summaries=tuple(summaries),
            history=tuple(entry for entries in history for entry in entries),
            truth=dict(zip(months, await _each(self._truth, months), strict=True)),
            deleted=self.firm.deleted,
            needs_auth=needs_auth,
            cut_off=_cut_off(needs_auth, done),
            done=done,
            calls=await self._calls(),
            parked=Counter(self.observer.parked.values()),
            behind=await behind(str(self.platform.addresses.kafka), self.observer.ends),
            not_ready=tuple(not_ready),
            forgets=self.forgets,
            ended_at=datetime.now(UTC),
        )

    async def _runs(self) -> list[RunKept]:
        url = f"{self.platform.addresses.orchestrator}/v1/runs"
        return await _each(self._run, await self.platform.call.numbered_pages(url, list))

    async def _run(self, told: Json) -> RunKept:
        run_id, provider = UUID(told["run_id"]), Provider(told["provider"])
        return RunKept(
            run_id=run_id,
            request_id=told["request_id"],
            state=told["state"],
            is_cancelled=told["state"] == "cancelling" or told["ending"] == RunEnding.CANCELLED,
            retry_of=UUID(told["retry_of"]) if told["retry_of"] else None,
            jobs=tuple(_job(job, provider) for job in await self.platform.jobs(run_id)),
            receipt=await self._receipt(run_id),
        )

    async def _receipt(self, run_id: UUID) -> Receipt | None:
        try:
            answer = await self.platform.call(
                "GET", f"{self.platform.addresses.notifier}/v1/receipts/{run_id}"
            )
        except ProblemAnswerError as error:
            if error.status == 404:
                return None
            raise
        event = SyncCompleted.model_validate_json(answer.content)
        return Receipt(event, answer.headers["ce-id"], answer.content)

    async def _history(self, of: BooksMonth) -> list[Written]:
        changes = await self.platform.history(of.client.name, of.client.provider, of.month)
        return [
            Written(
                of=of,
                version=change["version"],
                read_at=datetime.fromisoformat(change["read_at"]),
                attempt=Attempt(UUID(change["job_id"]), change["attempt"]),
                replaced=_summary(change["replaced"]) if change["replaced"] else None,
            )
            for change in changes
        ]

    async def _truth(self, of: BooksMonth) -> tuple[TrueSince, ...]:
        account, changes = self.firm.accounts[of.client], sorted(self.firm.changed.get(of.client, []))
        return tuple(
            [
                TrueSince(since=since, values=_amounts(await self.sandbox.truth(account, of.month, at=since)))
                for since in (_BEGINNING, *changes)
            ]
        )

    async def _needs_auth(self) -> Mapping[Client, str]:
        return {
            Client(one["client_id"], Provider(one["provider"])): one["cause"]
            for one in await self.platform.connections()
            if one["code"] == ProblemCode.NEEDS_AUTH
        }

    async def _calls(self) -> Mapping[Client, CallsOf]:
        made = await self.sandbox.calls_by_account()
        times = Counter(one.client for one in hearsay.readings(self.observer.heard))
        return {
            client: CallsOf(
                made=made.get(client.provider, {}).get(client.name, {}).get("read", 0),
                more=len(self.firm.changed.get(client, [])) * times[client]
                + _CALLS_OF_A_SAVE * (1 + self.firm.saved_again.get(client, 0)),
            )
            for client in self.firm.accounts
        }


def _cut_off(needs_auth: Mapping[Client, str], done: Iterable[Done]) -> frozenset[Client]:
    """Whose renewal a blow cut off between the vendor's answer and the vault: no one's fault."""
    if not any(one.blow.target in {"credentials", "vault"} for one in done):
        return frozenset()
    return frozenset(client for client, cause in needs_auth.items() if cause.startswith(_CUT_OFF))


async def _each(work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    return await asyncio.gather(*map(one, items))


def _job(told: Json, provider: Provider) -> JobKept:
    return JobKept(
        job_id=UUID(told["job_id"]),
        of=BooksMonth(Client(told["client_id"], provider), Month.parse(told["month"])),
        is_open=told["state"] != "ended",
        attempt=told["attempt"],
        ending=JobEnding(told["ending"]) if told["ending"] else None,
        code=ProblemCode(told["code"]) if told["code"] else None,
        reason=told["reason"],
    )


def _summary(told: Json) -> SummaryKept:
    return SummaryKept(
        of=BooksMonth(Client(told["client_id"], Provider(told["provider"])), Month.parse(told["month"])),
        version=told["version"],
        read_at=datetime.fromisoformat(told["read_at"]),
        values=_amounts(told["values"]),
        attempt=Attempt(UUID(told["job_id"]), told["attempt"]),
    )


def _amounts(values: Mapping[str, Json]) -> Amounts:
    return {Metric(metric): f"{value['value']} {value['unit']}" for metric, value in values.items()}
