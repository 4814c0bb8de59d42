"""What the firm's practice platform does: calls the services for people, sends requests, hears answers."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import run_id as run_id_of
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRequest, SyncRetry
from sync_contracts.runs import RunAccepted, RunCancelling, RunRejected, SyncCompleted

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.identity import PlatformKey
from ledgerbus_cli.inbox import Inbox
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.problems import ProblemAnswerError, RequestRefusedError
from ledgerbus_cli.service_calls import TIMEOUT_S, Json, ServiceCalls

ANSWER_S = 30.0
COMPANY = "firm-1"
OWNER = Actor(id="owner-1", role=Role.OWNER)

Answer = RunAccepted | RunRejected | RunCancelling
ANSWERS: tuple[type[Answer], ...] = (RunAccepted, RunRejected, RunCancelling)
Run = UUID | str  # a run's id, or the id of the request that asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One firm's platform, acting for one person; `open_platform` makes it."""

    addresses: Addresses
    key: PlatformKey
    inbox: Inbox
    outbox: Outbox
    http: httpx.AsyncClient
    company_id: str = COMPANY
    actor: Actor = OWNER

    def acting(self, *, company_id: str | None = None, actor: Actor | None = None) -> Self:
        """The same connections for another firm or person."""
        return replace(self, company_id=company_id or self.company_id, actor=actor or self.actor)

    @property
    def call(self) -> ServiceCalls:
        """Any call of a service with the person's token."""
        return ServiceCalls(self.http, lambda: self.key.token(self.company_id, self.actor))

    # Switches and connections: the credentials service

    async def providers(self, *, enabled: bool | None = None) -> Json:
        """The catalogue with its credential forms."""
        found: Json = await self.call.json("GET", self._credentials("providers"), query={"enabled": enabled})
        return found

    async def enable(self, provider: Provider) -> None:
        await self.call("PUT", self._credentials(f"providers/{provider}:enabled"))

    async def disable(self, provider: Provider) -> None:
        await self.call("DELETE", self._credentials(f"providers/{provider}:enabled"))

    async def switch_integrations(self, *, on: bool) -> None:
        await self.call("PUT", self._credentials("integrations"), body={"enabled": on})

    async def test(self, provider: Provider, fields: Mapping[str, str]) -> Json:
        """`ok` with the books, or a code and the likely cause; nothing is stored."""
        body = {"provider": provider, "fields": dict(fields)}
        outcome: Json = await self.call.json("POST", self._credentials("connections:test"), body=body)
        return outcome

    async def save(
        self, client_id: str, provider: Provider, fields: Mapping[str, str], *, test_token: str | None = None
    ) -> Json:
        """The saved connection."""
        body = {"fields": dict(fields), "test_token": test_token}
        saved: Json = await self.call.json("PUT", self._connection(client_id, provider), body=body)
        return saved

    async def delete(self, client_id: str, provider: Provider) -> bool:
        """Whether it is gone; False while the rest is being finished."""
        return (await self.call("DELETE", self._connection(client_id, provider))).status_code == 204

    async def connections(self, client_id: str | None = None, provider: Provider | None = None) -> list[Json]:
        query = {"client_id": client_id, "provider": provider}
        return await self.call.pages(self._credentials("connections"), "connections", query)

    async def start_consent(self, client_id: str, provider: Provider) -> Json:
        """`consent_id` and the `url` for the browser."""
        link: Json = await self.call.json("POST", self._connection(client_id, provider) + "/consent", body={})
        return link

    async def consent(self, consent_id: str) -> Json:
        """Its `state`, and the `organisations` it opens."""
        found: Json = await self.call.json("GET", self._credentials(f"consents/{consent_id}"))
        return found

    async def choose(self, consent_id: str, organisation_id: str) -> Json:
        """The connection saved for the chosen organisation."""
        url = self._credentials(f"consents/{consent_id}:choose")
        saved: Json = await self.call.json("POST", url, body={"organisation_id": organisation_id})
        return saved

    # All that is kept about a client: each service has its own

    async def records(self, client_id: str) -> list[Json]:
        """`service`, `collection` and `record` of each."""
        found: list[Json] = []
        for service, url in self._records(client_id).items():
            lines = (await self.call("GET", url)).text.split("\n")  # no other character ends a line of JSON
            found += [{"service": service, **json.loads(line)} for line in lines if line]
        return found

    async def erase(self, client_id: str) -> dict[str, Json]:
        """What each service had, and what is left; refused before anything is erased while jobs are open."""
        urls = self._records(client_id)
        return {service: await self.call.json("DELETE", url) for service, url in urls.items()}

    # Requests: each answers the request's id

    async def reload(
        self,
        client_id: str,
        provider: Provider,
        *,
        overwrite_confirmed: bool = True,
        request_id: str | None = None,
    ) -> str:
        asked = {"client_id": client_id, "provider": provider, "overwrite_confirmed": overwrite_confirmed}
        return await self._ask(SyncReload, request_id, asked)

    async def bulk(
        self, client_ids: Iterable[str], provider: Provider, month: Month, *, request_id: str | None = None
    ) -> str:
        asked = {"client_ids": tuple(client_ids), "provider": provider, "month": month}
        return await self._ask(SyncBulk, request_id, asked)

    async def cancel(self, run: Run, *, request_id: str | None = None) -> str:
        asked = {"run_id": run} if isinstance(run, UUID) else {"target_request_id": run}
        return await self._ask(SyncCancel, request_id, asked)

    async def retry(self, run_id: UUID, *, request_id: str | None = None) -> str:
        return await self._ask(SyncRetry, request_id, {"run_id": run_id})

    async def send(self, request: SyncRequest, *, traceparent: str | None = None) -> str:
        """Put a request on record, as often as called."""
        await self.outbox.send(request, traceparent=traceparent)
        return request.request_id

    # What becomes of requests

    async def answer(self, request_id: str, *, within_s: float = ANSWER_S) -> Answer:
        """How the request was answered; NoAnswerError when it was not."""
        return await self.inbox.first(
            ANSWERS,
            lambda answer: answer.request_id == request_id and answer.meta.company_id == self.company_id,
            f"request {request_id}",
            within_s=within_s,
        )

    async def accepted(self, request_id: str, *, within_s: float = ANSWER_S) -> RunAccepted:
        """The run that answers the request; RequestRefusedError tells why there is none."""
        found = await self.answer(request_id, within_s=within_s)
        if isinstance(found, RunRejected):
            raise RequestRefusedError(found.code, found.message, found.fields)
        if isinstance(found, RunCancelling):
            raise TypeError(f"request {request_id} asked to cancel")
        return found

    async def cancelled(self, request_id: str, *, within_s: float = ANSWER_S) -> RunCancelling:
        """The acknowledgement of a cancelling; RequestRefusedError tells why there is none."""
        found = await self.answer(request_id, within_s=within_s)
        if isinstance(found, RunRejected):
            raise RequestRefusedError(found.code, found.message, found.fields)
        if isinstance(found, RunAccepted):
            raise TypeError(f"request {request_id} asked for a run")
        return found

    async def receipt(self, run: Run, *, within_s: float) -> SyncCompleted:
        """The receipt of a run, or of the run that answers a request; sent already or yet to come."""
        run_id = run if isinstance(run, UUID) else (await self.accepted(run)).run_id
        return await self.kept_receipt(run_id) or await self.inbox.first(
            (SyncCompleted,),
            lambda receipt: receipt.run_id == run_id,
            f"the end of run {run_id}",
            within_s=within_s,
        )

    async def kept_receipt(self, run_id: UUID) -> SyncCompleted | None:
        """The receipt as the notifier keeps it; None while the run has none."""
        try:
            answer = await self.call("GET", f"{self.addresses.notifier}/v1/receipts/{run_id}")
        except ProblemAnswerError as error:
            if error.status == 404:
                return None
            raise
        return SyncCompleted.model_validate_json(answer.content)

    def run_id(self, request_id: str) -> UUID:
        """The id of the request's own run; where it joins another, `accepted` tells that one."""
        return run_id_of(self.company_id, request_id)

    async def runs(self, *, states: Iterable[str] = (), size: int = 50) -> list[Json]:
        """The newest runs first."""
        query = {"state": list(states), "size": size}
        found: list[Json] = await self.call.json("GET", f"{self.addresses.orchestrator}/v1/runs", query=query)
        return found

    async def run(self, run_id: UUID) -> Json:
        """A run with its progress."""
        found: Json = await self.call.json("GET", self._run(run_id))
        return found

    async def jobs(self, run_id: UUID) -> list[Json]:
        return await self.call.numbered_pages(self._run(run_id) + "/jobs", list)

    async def lines(self, run_id: UUID) -> list[Json]:
        """All lines of the receipt."""
        return await self.call.numbered_pages(self._run(run_id) + "/lines", lambda page: list(page["lines"]))

    async def summaries(
        self,
        client_id: str | None = None,
        provider: Provider | None = None,
        *,
        first: Month | None = None,
        last: Month | None = None,
    ) -> list[Json]:
        """By client, provider and month."""
        query = {"client_id": client_id, "provider": provider, "from": first, "to": last}
        return await self.call.pages(f"{self.addresses.summaries}/v1/summaries", "items", query)

    async def history(self, client_id: str, provider: Provider, month: Month) -> list[Json]:
        """What a summary replaced, newest first."""
        url = f"{self.addresses.summaries}/v1/summaries/{client_id}/{provider}/{month}/history"
        changes: list[Json] = (await self.call.json("GET", url, query={"limit": 500}))["items"]
        return changes

    def _records(self, client_id: str) -> dict[str, str]:
        # The orchestrator first: it is the one to refuse.
        places = self.addresses
        services = {
            "sync-orchestrator": places.orchestrator,
            "credentials": places.credentials,
            "summary-writer": places.summaries,
            "notifier": places.notifier,
        }
        return {name: f"{url}/v1/records/{name}/{client_id}" for name, url in services.items()}

    def _credentials(self, path: str) -> str:
        return f"{self.addresses.credentials}/v1/{path}"

    def _connection(self, client_id: str, provider: Provider) -> str:
        return self._credentials(f"clients/{client_id}/connections/{provider}")

    def _run(self, run_id: UUID) -> str:
        return f"{self.addresses.orchestrator}/v1/runs/{run_id}"

    async def _ask(self, kind: type[SyncRequest], request_id: str | None, asked: Mapping[str, Any]) -> str:
        chosen = request_id or f"req-{uuid4().hex}"
        meta = Meta(
            event_id=uuid4(),
            occurred_at=datetime.now(UTC),
            company_id=self.company_id,
            correlation_id=chosen,
            actor=self.actor,
        )
        return await self.send(kind.model_validate({"meta": meta, "request_id": chosen, **asked}))


@asynccontextmanager
async def open_platform(
    addresses: Addresses, key: PlatformKey, *, company_id: str = COMPANY, actor: Actor = OWNER
) -> AsyncIterator[Platform]:
    """A platform that hears all that is said about runs from now on; UnreachableError without a broker."""
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http,
        Inbox(addresses.kafka) as inbox,
        Outbox(addresses.kafka) as outbox,
    ):
        yield Platform(
            addresses=addresses,
            key=key,
            inbox=inbox,
            outbox=outbox,
            http=http,
            company_id=company_id,
            actor=actor,
        )
