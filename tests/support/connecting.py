"""Connectors in tests: against a sandbox, or against a function that answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from connectors.protocol import Access, Account, Connector
from connectors.registry import connector_for
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from pydantic import SecretStr
from support.sandbox_server import RunningSandbox
from sync_contracts.providers import Provider

Answers = Callable[[httpx.Request], httpx.Response]


@dataclass
class SteppingClock:
    """Stands still; sleeping moves it on at once and is remembered."""

    at: datetime = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
    slept_s: list[float] = field(default_factory=list)
    passed_s: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.passed_s += seconds
        await asyncio.sleep(0)


@dataclass
class SharedClock:
    """The machine's clock; sleeping takes no time and moves the sandbox's clock along."""

    sandbox: RunningSandbox
    skipped_s: float = 0.0

    def now(self) -> datetime:
        return self.sandbox.world.clock.now()

    def monotonic_s(self) -> float:
        return time.monotonic() + self.skipped_s

    async def sleep(self, seconds: float) -> None:
        self.skipped_s += seconds
        self.sandbox.world.clock.advance(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Connected:
    """A connector that is signed in."""

    connector: Connector
    session: Session
    account: Account


def answering(
    answers: Answers,
    *,
    clock: SteppingClock | None = None,
    operators: Mapping[Provider, Mapping[str, str]] | None = None,
) -> Session:
    """A session whose every call the function answers."""
    hidden = {
        provider: {name: SecretStr(value) for name, value in values.items()}
        for provider, values in (operators or {}).items()
    }
    return build_session(
        ConnectorSettings(operators=hidden),
        clock=clock or SteppingClock(),
        transport=httpx.MockTransport(answers),
    )


def account_with(connector: Connector, access: Mapping[str, str], settings: Mapping[str, str]) -> Account:
    return Account(access=Access(access), settings=settings, account_key=f"{connector.provider}/test")


@asynccontextmanager
async def connected(
    sandbox: RunningSandbox,
    account: Mapping[str, Any],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    call_timeout_s: float = 20.0,
) -> AsyncIterator[Connected]:
    """Signed in to one of the sandbox's accounts."""
    provider = Provider(account["provider"])
    connector = connector_for(provider)
    given = account["credentials"]
    keys = {one.name: given[one.name] for one in connector.form.operator_fields if one.name in given}
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {provider: account["endpoints"]},
            "operators": {provider: keys},
            "call_timeout_s": call_timeout_s,
        }
    )
    async with build_session(settings, clock=SharedClock(sandbox), transport=transport) as session:
        credentials = connector.split(account["credentials"])
        signed_in = await connector.sign_in(session, credentials.grant, credentials.settings)
        key = connector.account_key(credentials.grant, credentials.settings)
        books = Account(access=signed_in.access, settings=credentials.settings, account_key=key)
        yield Connected(connector, session, books)


def json_of(request: httpx.Request) -> Any:
    return json.loads(request.content or b"null")
