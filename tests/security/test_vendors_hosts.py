"""Nothing that a user enters, or that was stored, leads a call away from its vendor's address."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import urlsplit

import httpx
import pytest
from connectors.errors import ConnectorError, FormError
from connectors.protocol import Account, Connector
from connectors.registry import connector_for
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.connecting import SteppingClock, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.month import Month
from sync_contracts.providers import Provider

MONTH = Month(2026, 4)
ELSEWHERE = "vendor.example"
OTHER = "7654321"
PIECES = [
    *("evil.example", "127.0.0.1", "169.254.169.254", "[::1]", "localhost", ":8080", ":", "//", "https://"),
    *(
        "@",
        "#",
        "?",
        "/",
        "\\",
        "..",
        ".",
        "../../",
        "%2e%2e/",
        "%2E.",
        "%2f",
        "%5c",
        "%23",
        "%00",
        ";",
        "&a=b",
    ),
    *(
        "kauri",
        "1234567890",
        "xn--e1afmkfd",
        "\u0430\u0440\u0440",
        "\u3002",
        "\u2024",
        "\uff0e",
        "\u2215",
        "\u2100",
    ),
    *(" ", "\t", "\r\nHost: evil.example", "\x00", "\u200b", "{site}", "${x}", "*", "+"),
]
# A setting that is no choice of its form names no address.
_REFUSALS = (ConnectorError, ValueError, KeyError)
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)


@dataclass(frozen=True)
class Books:
    """A client's books as they would be connected in life, and what is asked of the vendor when read."""

    connector: Connector
    fields: dict[str, str]
    account: Account
    operators: dict[str, str]
    known: dict[str, set[str]] = field(default_factory=dict)

    @cached_property
    def usual(self) -> list[httpx.Request]:
        return self.asked(self.account, self.fields)

    def harmless(self, name: str) -> set[str]:
        """The paths that are asked for with a field left blank, or naming something else of the vendor's."""
        if name not in self.known:
            self.known[name] = set[str]()
            for value in ("", OTHER):
                fields = {**self.fields, name: value}
                kept = {**self.account.settings, **({name: value} if name in self.account.settings else {})}
                if not value:
                    with suppress(*_REFUSALS):
                        kept |= self.connector.split(fields).settings
                asked = self.asked(replace(self.account, settings=kept), fields)
                self.known[name] |= shapes(asked, value or "\x00")
        return self.known[name]

    def asked(self, account: Account, fields: dict[str, str]) -> list[httpx.Request]:
        """Every request of signing in, testing and reading, to a vendor that knows nothing."""
        requests: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return httpx.Response(200, json={}, request=request)

        asyncio.run(self._use(account, fields, httpx.MockTransport(answer)))
        return requests

    async def _use(self, account: Account, fields: dict[str, str], transport: httpx.MockTransport) -> None:
        connector = self.connector
        async with self._session(transport) as session:
            with suppress(*_REFUSALS):
                credentials = connector.split(fields)
                await connector.sign_in(session, credentials.grant, account.settings)
            for use in (connector.identify, connector.test):
                with suppress(*_REFUSALS):
                    await use(session, account)
            with suppress(*_REFUSALS):
                await connector.probe_rights(session, account, MONTH)
            with suppress(*_REFUSALS):
                await connector.read_months(session, account, [MONTH])

    def _session(self, transport: httpx.MockTransport) -> Session:
        provider = self.connector.provider
        unset = [name for name, address in self.connector.endpoints.items() if not address]
        chosen = ConnectorSettings.model_validate(
            {
                "endpoints": {provider: {name: f"https://{ELSEWHERE}/{name}" for name in unset}},
                "operators": {provider: self.operators},
            }
        )
        return build_session(chosen, clock=SteppingClock(), transport=transport)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=1, documents=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=Provider)
def books(request: pytest.FixtureRequest, sandbox: RunningSandbox) -> Books:
    connector = connector_for(request.param)
    known = sandbox.accounts(request.param)[0]

    async def account() -> Account:
        async with connected(sandbox, known) as signed_in:
            return signed_in.account

    given = known["credentials"]
    operators = {one.name: given[one.name] for one in connector.form.operator_fields if one.name in given}
    return Books(connector, dict(given), asyncio.run(account()), operators)


def hosts_of(connector: Connector) -> re.Pattern[str]:
    """The vendor's own hosts; a place in a name is one label."""
    found = {urlsplit(address).netloc or ELSEWHERE for address in connector.endpoints.values()}
    return re.compile("|".join(re.sub(r"\\{\w+\\}", "[a-z0-9-]{1,63}", re.escape(host)) for host in found))


def shapes(requests: list[httpx.Request], value: str) -> set[str]:
    """The paths that were asked for, an id standing for itself only."""
    return {re.escape(request.url.path).replace(re.escape(value), "[^/]+") for request in requests}


@settings(
    max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(data=st.data(), hostile=HOSTILE)
def test_no_text_leads_to_another_address(books: Books, data: st.DataObject, hostile: str) -> None:
    stored = books.account
    name = data.draw(st.sampled_from(sorted({*stored.settings, *books.fields})))
    usual = stored.settings.get(name, books.fields.get(name, ""))
    given = {**books.fields, name: hostile}
    kept = {**stored.settings, name: hostile} if name in stored.settings else dict(stored.settings)
    with suppress(FormError):  # then only what was stored before the form became so strict
        kept = {**kept, **books.connector.split(given).settings}

    asked = books.asked(replace(stored, settings=kept), given)

    expected = shapes(books.usual, usual or "\x00") | books.harmless(name)
    for request in asked:
        assert hosts_of(books.connector).fullmatch(request.url.netloc.decode()), request.url
        assert any(re.fullmatch(shape, request.url.path) for shape in expected), request.url
        assert request.url.scheme == "https"
        assert "evil.example" not in request.headers["host"]


def test_good_books_are_asked_for(books: Books) -> None:
    netlocs = {request.url.netloc.decode() for request in books.usual}

    assert netlocs
    assert all(map(hosts_of(books.connector).fullmatch, netlocs))
