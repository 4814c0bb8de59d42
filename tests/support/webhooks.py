"""Webhooks on stores in memory, with a receiver and a clock that do as they are told."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from uuid import UUID, uuid4

from notifier.deliver_due import Pace
from notifier.delivery import Answer, Delivery, Outcome
from notifier.destination import Address, DestinationRules
from notifier.endpoint import Endpoint
from notifier.webhook_event import WebhookEvent, WebhookType
from notifier.webhooks import Outside, Webhooks
from pydantic import HttpUrl
from service_kit.health import Health
from support.fakes import FakeClock, RecordingPublisher
from support.webhook_stores import MemoryDeliveries, MemoryEndpoints, MemoryEvents
from sync_contracts.event import Actor, Role

OWNER = Actor(id="user-1", role=Role.OWNER)
URL = "https://hooks.example.com/ledgerbus"
OK = Answer(outcome=Outcome.DELIVERED, status=204)
BROKEN = Answer(outcome=Outcome.REFUSED, status=500)
GONE = Answer(outcome=Outcome.GONE, status=410)


def endpoint(company_id: str = "company-1", *, at: datetime | None = None) -> Endpoint:
    """An endpoint that subscribes to everything."""
    return Endpoint.made(
        company_id,
        url=URL,
        types=tuple(WebhookType),
        description="practice platform",
        key_version=1,
        by=OWNER,
        now=at or FakeClock().now(),
    )


def event(
    company_id: str = "company-1",
    *,
    kind: WebhookType = WebhookType.SYNC_COMPLETED,
    at: datetime | None = None,
    clients: tuple[str, ...] = ("client-1",),
    is_about_all: bool = False,
) -> WebhookEvent:
    return WebhookEvent(
        event_id=uuid4(),
        company_id=company_id,
        type=kind,
        occurred_at=at or FakeClock().now(),
        client_ids=clients,
        is_about_all=is_about_all,
        data=b'{"message":"Everything was read."}',
    )


class FakeKey:
    """Implements `SigningKey` with a key that everybody knows; `version` is the newest one."""

    version = 1

    async def mac(self, text: bytes, *, key_version: int | None = None) -> tuple[bytes, int]:
        chosen = key_version or self.version
        return hmac.digest(f"key-{chosen}".encode(), text, "sha256"), chosen


@dataclass
class Receiver:
    """Implements `SendWebhook`: answers by address and keeps what it was sent."""

    answer: Answer = OK
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.received.append((url, body, dict(headers)))
        if url in self.hanging:
            await self.released.wait()
        return self.answers.get(url, lambda: self.answer)()

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, _, headers in self.received]


async def anywhere(host: str) -> list[Address]:
    """Implements `ResolveHost`: every name is on the internet, and `localhost` is here."""
    return [ip_address("127.0.0.1" if host == "localhost" else "93.184.216.34")]


class World:
    """All use cases on fakes; `run` delivers what is due until nothing is."""

    def __init__(self, *, pace: Pace | None = None, rules: DestinationRules | None = None) -> None:
        self.clock, self.health = FakeClock(), Health()
        self.endpoints, self.events, self.deliveries = MemoryEndpoints(), MemoryEvents(), MemoryDeliveries()
        self.key, self.receiver, self.publisher = FakeKey(), Receiver(), RecordingPublisher()
        self._rules, self._pace = rules or DestinationRules(), pace
        self.webhooks = self.instance()

    def instance(self) -> Webhooks:
        """One more process on the same stores."""
        outside = Outside(
            endpoints=self.endpoints,
            events=self.events,
            deliveries=self.deliveries,
            key=self.key,
            send=self.receiver,
            resolve=anywhere,
            publish=self.publisher,
            clock=self.clock,
            health=self.health,
        )
        return Webhooks(outside, rules=self._rules, pace=self._pace)

    async def entered(self, url: str = URL, *, company_id: str = "company-1") -> tuple[UUID, str]:
        """An endpoint of the company, and its secret."""
        made, secret = await self.webhooks.manage.add(
            company_id, OWNER, url=HttpUrl(url), types=tuple(WebhookType), description="practice platform"
        )
        return made.endpoint_id, secret

    async def told(self, told: WebhookEvent | None = None) -> Delivery:
        """An event of the company, and its first delivery."""
        chosen = told or event(at=self.clock.now())
        await self.webhooks.tell(chosen)
        return next(each for each in self.deliveries.deliveries.values() if each.event_id == chosen.event_id)

    async def run(self) -> None:
        while True:
            await self.webhooks.deliver_due.once()
            await self.webhooks.deliver_due.idle()
            if not await self.deliveries.due(self.clock.now(), limit=1):
                return

    def stored(self, delivery: Delivery) -> Delivery:
        return self.deliveries.deliveries[delivery.delivery_id]

    def endpoint(self, endpoint_id: UUID) -> Endpoint:
        return self.endpoints.endpoints[endpoint_id]
