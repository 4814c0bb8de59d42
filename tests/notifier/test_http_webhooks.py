"""What goes out on the wire, to a real receiver."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from notifier.adapters.dns_hosts import DnsHosts
from notifier.adapters.http_webhooks import HttpWebhooks
from notifier.delivery import Answer, Outcome
from notifier.destination import DestinationRules
from support.fakes import FakeClock
from support.hook_receiver import HookReceiver, hook_receiver, self_signed, status

NEARBY = DestinationRules(allow_http=True, allow_private=True, ports=())
PUBLIC_ONLY = DestinationRules(allow_http=True, ports=())


@pytest.fixture
async def receiver() -> AsyncIterator[HookReceiver]:
    async with hook_receiver() as running:
        yield running


@asynccontextmanager
async def sender(rules: DestinationRules = NEARBY, *, timeout_s: float = 10.0) -> AsyncIterator[HttpWebhooks]:
    made = HttpWebhooks(rules, FakeClock(), timeout_s=timeout_s, connections=10)
    yield made
    await made.aclose()


async def sent(url: str, rules: DestinationRules = NEARBY, *, timeout_s: float = 10.0) -> Answer:
    async with sender(rules, timeout_s=timeout_s) as send:
        return await send(url, b'{"a":1}', {"webhook-id": "msg_1"})


async def test_the_body_and_headers_arrive_as_they_were_given(receiver: HookReceiver) -> None:
    answer = await sent(f"{receiver.url}/in?token=a%2Fb")

    assert answer == Answer(outcome=Outcome.DELIVERED, status=204)
    ((body, headers),) = receiver.at("/in")
    assert body == b'{"a":1}'
    assert (headers["webhook-id"], headers["Content-Type"]) == ("msg_1", "application/json")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (202, Outcome.DELIVERED),
        (304, Outcome.REDIRECTED),
        (400, Outcome.REFUSED),
        (410, Outcome.GONE),
        (500, Outcome.REFUSED),
    ],
)
async def test_the_status_decides(receiver: HookReceiver, code: int, outcome: Outcome) -> None:
    receiver.answers["/in"] = [status(code)]

    assert await sent(f"{receiver.url}/in") == Answer(outcome=outcome, status=code)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(receiver: HookReceiver, code: int) -> None:
    receiver.answers["/in"] = [status(code, location=f"{receiver.url}/elsewhere")]

    assert (await sent(f"{receiver.url}/in")).outcome is Outcome.REDIRECTED
    assert receiver.at("/elsewhere") == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        (format_datetime(FakeClock().now() + timedelta(hours=1), usegmt=True), 3_600),
        ("Fri, 01 Jan 1999 00:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("Fri, 31 Dec 99999999999999999999 00:00:00 GMT", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(
    receiver: HookReceiver, told: str, seconds: float | None
) -> None:
    receiver.answers["/in"] = [status(503, retry_after=told)]

    assert (await sent(f"{receiver.url}/in")).retry_after_s == seconds


async def test_a_receiver_that_hangs_is_left_at_the_deadline(receiver: HookReceiver) -> None:
    assert await sent(f"{receiver.url}/hang", timeout_s=0.3) == Answer(outcome=Outcome.TIMED_OUT)


async def test_a_body_is_not_read_however_long_it_is(receiver: HookReceiver) -> None:
    assert (await sent(f"{receiver.url}/endless")).outcome is Outcome.DELIVERED


async def test_nobody_there_and_no_such_host_are_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        assert (await sent(f"http://127.0.0.1:{port}/")).outcome is Outcome.UNREACHABLE
    assert (await sent("http://no-such-host.invalid/")).outcome is Outcome.UNREACHABLE


async def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    async with hook_receiver(self_signed(tmp_path)) as receiver:
        answer = await sent(receiver.url.replace("127.0.0.1", "localhost") + "/in")

    assert answer == Answer(outcome=Outcome.UNREACHABLE)
    assert receiver.received == []


async def test_an_answer_that_is_not_http_is_unreachable() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]

        assert (await sent(f"http://127.0.0.1:{port}/")).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_not_connected_to_by_whatever_name(receiver: HookReceiver, host: str) -> None:
    port = receiver.url.rpartition(":")[2]

    answer = await sent(f"http://{host}:{port}/in", PUBLIC_ONLY)

    assert answer == Answer(outcome=Outcome.ADDRESS_NOT_PUBLIC)
    assert receiver.received == []


async def test_a_name_that_leads_elsewhere_since_it_was_checked_is_refused_at_the_connection(
    receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, port = asyncio.get_running_loop(), int(receiver.url.rpartition(":")[2])
    answers = iter(["93.184.216.34", "127.0.0.1"])

    async def rebound(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        assert host == "hooks.example.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (next(answers), port))]

    monkeypatch.setattr(loop, "getaddrinfo", rebound)
    PUBLIC_ONLY.check_addresses(await DnsHosts()("hooks.example.com"))

    answer = await sent(f"http://hooks.example.com:{port}/in", PUBLIC_ONLY)

    assert answer == Answer(outcome=Outcome.ADDRESS_NOT_PUBLIC)
    assert receiver.received == []


async def test_cookies_and_proxies_of_the_environment_are_not_used(
    receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    receiver.answers["/in"] = [status(200, set_cookie="a=b")]

    async with sender() as send:
        for _ in range(2):
            assert (await send(f"{receiver.url}/in", b"{}", {})).outcome is Outcome.DELIVERED

    assert all("Cookie" not in headers for _, headers in receiver.at("/in"))


async def test_the_resolver_knows_this_machine_and_not_what_does_not_exist() -> None:
    assert all(address.is_loopback for address in await DnsHosts()("localhost"))
    assert await DnsHosts()("no-such-host.invalid") == []
