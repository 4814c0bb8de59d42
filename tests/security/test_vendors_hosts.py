"""Nothing that a user enters, or that was stored, leads a call away from its vendor's address."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from connectors.errors import FormError
from connectors.protocol import Account, Connector
from connectors.transport import Outgoing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sandbox_server import RunningSandbox, running_sandbox
from support.vendors import ELSEWHERE, Books, books_of
from sync_contracts.providers import Provider
from yarl import URL

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
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)


class Asked:
    """What a provider is asked for by good books, and by books that name something else of it."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.usual = books.asked(books.account, books.fields)
        self._known: dict[str, set[str]] = {}

    def harmless(self, name: str) -> set[str]:
        """The paths with a field as it is, left blank, or with another good value."""
        if name not in self._known:
            books = self.books
            usual = books.account.settings.get(name, books.fields.get(name, ""))
            self._known[name] = shapes(self.usual, usual or "\x00")
            for value in ("", OTHER):
                asked = books.asked(*with_value(books, name, value))
                self._known[name] |= shapes(asked, value or "\x00")
        return self._known[name]


def with_value(books: Books, name: str, value: str) -> tuple[Account, dict[str, str]]:
    """As the form takes it; else as it may have been stored before the form became so strict."""
    stored, fields = books.account.settings, {**books.fields, name: value}
    kept = {**stored, **({name: value} if name in stored else {})}
    with suppress(FormError):
        kept |= books.connector.split(fields).settings
    return replace(books.account, settings=kept), fields


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=1, documents=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=Provider)
def asked(request: pytest.FixtureRequest, sandbox: RunningSandbox) -> Asked:
    return Asked(books_of(sandbox, request.param))


def hosts_of(connector: Connector) -> re.Pattern[str]:
    """The vendor's own hosts; a place in a name is one label."""
    found = {urlsplit(address).netloc or ELSEWHERE for address in connector.endpoints.values()}
    return re.compile("|".join(re.sub(r"\\{\w+\\}", "[a-z0-9-]{1,63}", re.escape(host)) for host in found))


def shapes(requests: list[httpx.Request], value: str) -> set[str]:
    """The paths that were asked for, an id standing for itself only."""
    return {re.escape(path_of(request)).replace(re.escape(value), "[^/]+") for request in requests}


def sent_to(request: httpx.Request) -> URL:
    """The address as the transport sends it."""
    assert isinstance(request, Outgoing)
    return URL(request.address, encoded=True)


def path_of(request: httpx.Request) -> str:
    return sent_to(request).raw_path


@settings(
    max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(data=st.data(), hostile=HOSTILE)
def test_no_text_leads_to_another_address(asked: Asked, data: st.DataObject, hostile: str) -> None:
    books = asked.books
    name = data.draw(st.sampled_from(sorted({*books.account.settings, *books.fields})))

    requests = books.asked(*with_value(books, name, hostile))

    for request in requests:
        assert hosts_of(books.connector).fullmatch(sent_to(request).raw_authority), request.url
        assert sent_to(request).raw_authority == request.url.netloc.decode()
        assert any(re.fullmatch(shape, path_of(request)) for shape in asked.harmless(name)), request.url
        assert sent_to(request).scheme == "https"
        assert request.headers["host"] == sent_to(request).raw_authority


def test_good_books_are_asked_for(asked: Asked) -> None:
    netlocs = {sent_to(request).raw_authority for request in asked.usual}

    assert netlocs
    assert all(map(hosts_of(asked.books.connector).fullmatch, netlocs))
