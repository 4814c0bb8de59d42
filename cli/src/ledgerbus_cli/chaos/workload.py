"""What people ask for meanwhile: bulks and reloads of all systems, cancels, retries, the same again."""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sync_contracts.codes import RefusalCode
from sync_contracts.event import Meta
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRequest, SyncRetry
from sync_contracts.runs import RunAccepted, RunCancelling, RunRejected, SyncCompleted

from ledgerbus_cli.chaos.evidence import Asked, Client
from ledgerbus_cli.chaos.firm import Firm
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.platform_client import COMPANY, OWNER
from ledgerbus_cli.problems import UnreachableError

NEWCOMER = "newcomer-1"
_MONTHS = 12
_OPEN_RUNS = 12
_RELOAD_GAP_S = 45.0
_PAUSE_S = (0.2, 1.0)
_AGAIN_S = 1.0
_MAY_HAVE_ENDED = frozenset({RefusalCode.RUN_ALREADY_ENDED})


@dataclass(slots=True)
class Workload:
    """Asks, and sends again what a broker forgot before it was answered, as a platform does."""

    firm: Firm
    observer: Observer
    outbox: Outbox
    last_month: Month
    chance: random.Random
    asked: dict[str, Asked] = field(default_factory=dict)
    forgotten: set[UUID] = field(default_factory=set)  # their receipts may have been lost with the broker
    _events: dict[str, tuple[SyncRequest, int]] = field(default_factory=dict)
    _reloaded: dict[Client, float] = field(default_factory=dict)
    _sending: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def run(self) -> None:
        """Until it is cancelled."""
        actions: list[tuple[int, Callable[[], Any]]] = [
            (10, self._some_bulk),
            (6, self._some_reload),
            (3, self._same_run_again),
            (2, self._same_request_again),
            (2, self._some_cancel),
            (2, self._some_retry),
            (2, self._something_unsound),
        ]
        weights, works = [weight for weight, _ in actions], [work for _, work in actions]
        while True:
            if len(self.open_runs) < _OPEN_RUNS:
                await self.chance.choices(works, weights)[0]()
            await asyncio.sleep(self.chance.uniform(*_PAUSE_S))

    async def send_again(self) -> None:
        """Until it is cancelled: what was put on record at a broker that has forgotten it."""
        while True:
            for request_id in self.unanswered:
                event, life = self._events[request_id]
                if life < self.observer.life:
                    await self._send(event)
            await asyncio.sleep(_AGAIN_S)

    async def bulk(self, clients: Iterable[Client], month: Month) -> str:
        wanted = tuple(clients)
        event = SyncBulk(
            **_common(),
            client_ids=tuple(client.name for client in wanted),
            provider=wanted[0].provider,
            month=month,
        )
        return await self._ask(event, f"bulk {wanted[0].provider} {month}", wanted)

    async def reload(self, client: Client) -> str:
        event = SyncReload(
            **_common(), client_id=client.name, provider=client.provider, overwrite_confirmed=True
        )
        return await self._ask(event, f"reload {client}", (client,))

    @property
    def answered(self) -> dict[str, UUID]:
        """The run of each accepted request."""
        return {one.request_id: one.run_id for one in self.observer.of(RunAccepted)}

    @property
    def unanswered(self) -> list[str]:
        known = self.answered.keys() | {one.request_id for one in self.observer.of(RunRejected)}
        known |= {one.request_id for one in self.observer.of(RunCancelling)}
        return [request_id for request_id in self._events if request_id not in known]

    @property
    def open_runs(self) -> set[UUID]:
        ended = {one.run_id for one in self.observer.of(SyncCompleted)}
        return {*self.answered.values()} - ended - self.forgotten

    async def read_anything_of(self, provider: Provider) -> None:
        """Some month of all its clients."""
        await self.bulk(self.firm.clients_of(provider), self._some_month())

    async def _some_bulk(self) -> None:
        provider = self.chance.choice(self.firm.providers)
        clients = self.firm.clients_of(provider)
        if self.chance.random() < 0.3:
            clients.append(Client(NEWCOMER, provider))
        await self.bulk(clients, self._some_month())

    def _some_month(self) -> Month:
        return self.last_month.plus(-self.chance.randrange(_MONTHS))

    async def _some_reload(self) -> None:
        now = asyncio.get_running_loop().time()
        rested = [
            client
            for client in self.firm.connected
            if now - self._reloaded.get(client, -_RELOAD_GAP_S) >= _RELOAD_GAP_S
        ]
        if rested:
            client = self.chance.choice(rested)
            self._reloaded[client] = now
            await self.reload(client)

    async def _same_run_again(self) -> None:
        """Another request for what is running: it joins."""
        answered, still_open = self.answered, self.open_runs
        running = [
            self._events[request_id][0]
            for request_id, run_id in answered.items()
            if run_id in still_open and request_id in self._events
        ]
        again = [event for event in running if isinstance(event, SyncBulk | SyncReload)]
        if again:
            event = self.chance.choice(again)
            asked = self.asked[event.request_id]
            await self._ask(event.model_copy(update=_common()), asked.what, asked.clients, asked.refusals)

    async def _same_request_again(self) -> None:
        """The very same request: it gets its first answer."""
        if self._events:
            await self._send(self._events[self.chance.choice(sorted(self._events))][0])

    async def _some_cancel(self) -> None:
        running = sorted(self.open_runs)
        if running:
            event = SyncCancel(**_common(), run_id=self.chance.choice(running))
            await self._ask(event, "cancel", (), _MAY_HAVE_ENDED)

    async def _some_retry(self) -> None:
        failed = [one.run_id for one in self.observer.of(SyncCompleted) if one.counts.failed]
        if failed:
            refusals = frozenset({RefusalCode.RUN_STILL_OPEN, RefusalCode.NO_CREDENTIALS})
            event = SyncRetry(**_common(), run_id=self.chance.choice(failed))
            await self._ask(event, "retry", (), refusals)

    async def _something_unsound(self) -> None:
        provider = self.chance.choice(self.firm.providers)
        common, code = _common(), RefusalCode.MONTH_IN_FUTURE
        event: SyncRequest = SyncBulk(
            **common, client_ids=(NEWCOMER,), provider=provider, month=Month(2098, 1)
        )
        if self.chance.random() < 0.5:
            code = RefusalCode.NO_CREDENTIALS
            event = SyncReload(**common, client_id=NEWCOMER, provider=provider, overwrite_confirmed=True)
        await self._ask(event, f"unsound ({code})", (), frozenset({code}), is_sound=False)

    async def _ask(
        self,
        event: SyncRequest,
        what: str,
        clients: tuple[Client, ...],
        refusals: frozenset[RefusalCode] = frozenset(),
        *,
        is_sound: bool = True,
    ) -> str:
        self.asked[event.request_id] = Asked(
            request_id=event.request_id, what=what, clients=clients, refusals=refusals, is_sound=is_sound
        )
        sending = asyncio.create_task(self._send(event))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.shield(sending)  # whoever stops asking has asked for this
        return event.request_id

    async def _send(self, event: SyncRequest) -> None:
        """Until it is on record."""
        while True:
            life = self.observer.life
            try:
                await self.outbox.send(event)
            except UnreachableError:
                await asyncio.sleep(_AGAIN_S)
            else:
                self._events[event.request_id] = (event, life)
                return


def _common() -> dict[str, Any]:
    request_id = f"req-{uuid4().hex}"
    meta = Meta(
        event_id=uuid4(),
        occurred_at=datetime.now(UTC),
        company_id=COMPANY,
        correlation_id=request_id,
        actor=OWNER,
    )
    return {"meta": meta, "request_id": request_id}
