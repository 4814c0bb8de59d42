"""Directo's table of errors, row by row."""

from collections.abc import Iterator, Mapping

import httpx
import pytest
from connectors.directo import DIRECTO
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.protocol import Identified, MonthFailure
from support.connecting import SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month

KEY = "k-51d0aa"
PLAIN = {"interface": "rest", "sales_from": "ledger"}
XML = {"interface": "xml_direct", "sales_from": "ledger"}
SIGN_IN_PAGE = "<!doctype html><html><body>Directo</body></html>"
# Accounts of the sandbox, by position.
REST_ACCOUNT, INVOICES_ACCOUNT, XML_ACCOUNT = 0, 2, 3


def says(message: str) -> dict[str, str]:
    return {"message": message}


async def refused(answer: httpx.Response, settings: Mapping[str, str] = PLAIN) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await DIRECTO.test(session, account_with(DIRECTO, {"api_key": KEY}, settings))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(401, json=says("Unauthorized")), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (httpx.Response(403, json=says("Invalid key")), AccessRefusedError, 1),
        (httpx.Response(403, text="UNAUTHORIZED"), AccessRefusedError, 1),
        (httpx.Response(403, json=says("Access denied")), ForbiddenError, 1),
        (httpx.Response(403), ForbiddenError, 1),
        (httpx.Response(200, json=[]), ForbiddenError, 1),
        (httpx.Response(200, json=[{"name": "Kassa"}]), ForbiddenError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(400, json=says("Unknown filter")), RejectedRequestError, 1),
        (httpx.Response(302), RejectedRequestError, 1),
        (httpx.Response(429), ThrottledError, 1),
        (httpx.Response(429, headers={"Retry-After": "45"}), ThrottledError, 1),
        (httpx.Response(429, headers={"Retry-After": "3"}), ThrottledError, 3),
        (httpx.Response(500), ProviderDownError, 3),
        (httpx.Response(502), ProviderDownError, 3),
        (httpx.Response(503), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        (httpx.Response(200, text=SIGN_IN_PAGE), UnreadableAnswerError, 2),
        (httpx.Response(200, text=""), UnreadableAnswerError, 2),
        (httpx.Response(200, text='[{"code": "10'), UnreadableAnswerError, 2),
        (httpx.Response(200, json=says("?")), UnreadableAnswerError, 2),
        (httpx.Response(200, json=["1010"]), UnreadableAnswerError, 2),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<result type="5" desc="Unauthorized"/>', AccessRefusedError),
        ("<?xml version='1.0'?><RESULT Type='5' Desc='Unauthorized'></RESULT>", AccessRefusedError),
        ("<err>token required</err>", AccessRefusedError),
        ("\ufeff<err>token required</err>", AccessRefusedError),
        ('<transport><error desc="Access denied"/></transport>', ForbiddenError),
        ("<error>access denied</error>", ForbiddenError),
        ("", ForbiddenError),
        (" \n", ForbiddenError),
        ('<result type="404" desc="Invalid url given"/>', RejectedRequestError),
        ('<result type="13" desc="Validation"/>', RejectedRequestError),
        ("<errors><x/></errors>", RejectedRequestError),
        ('<?xml version="1.0"?>\n<transport error="bad date"/>', RejectedRequestError),
        ("<transport><viga>kuupäev</viga></transport>", RejectedRequestError),
        ("<Veateade>kuupäev</Veateade>", RejectedRequestError),
    ],
)
async def test_each_row_of_xml_direct_comes_with_status_200(body: str, kind: type[ConnectorError]) -> None:
    error, made = await refused(httpx.Response(200, text=body), XML)

    assert type(error) is kind
    assert made == 1


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(401), AccessRefusedError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(429), ThrottledError, 1),
        (httpx.Response(500), ProviderDownError, 3),
        (httpx.Response(200, text=SIGN_IN_PAGE), UnreadableAnswerError, 2),
    ],
)
async def test_xml_direct_has_statuses_too(
    answer: httpx.Response, kind: type[ConnectorError], calls: int
) -> None:
    error, made = await refused(answer, XML)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({}, 60.0), ({"Retry-After": "45"}, 45.0), ({"Retry-After": "Sat, 02 May 2026 08:02:00 GMT"}, 120.0)],
)
async def test_a_limit_is_a_wait_as_told_or_of_a_minute(headers: dict[str, str], wait_s: float) -> None:
    error, _ = await refused(httpx.Response(429, headers=headers))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily) == (wait_s, False)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("dropped")])
async def test_a_call_without_an_answer_is_tried_three_times(failure: httpx.TransportError) -> None:
    calls = 0

    def silent(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise failure

    async with answering(silent) as session:
        with pytest.raises(ProviderDownError):
            await DIRECTO.test(session, account_with(DIRECTO, {"api_key": KEY}, PLAIN))
    assert calls == 3


async def test_a_refused_key_may_have_passed_its_end_date() -> None:
    error, _ = await refused(httpx.Response(401))

    assert "has passed its end date" in error.cause


async def test_a_missing_field_tells_whom_to_ask_for_what() -> None:
    error, _ = await refused(httpx.Response(200, json=[{"code": "1010"}]))

    assert error.code is ProblemCode.NO_PERMISSION
    assert "administrator to add accounts.class" in error.cause


@pytest.mark.parametrize("settings", [PLAIN, XML])
async def test_no_error_quotes_the_key_or_what_was_answered(settings: Mapping[str, str]) -> None:
    for status in (200, 400, 401, 403, 404, 429, 500):
        error, _ = await refused(httpx.Response(status, text=f'<err desc="{KEY} denied"/>'), settings)
        assert KEY not in f"{error!r}{error.detail}{error.cause}"
        assert "denied" not in f"{error!r}{error.detail}{error.cause}"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


async def answer_of(sandbox: RunningSandbox, position: int, fault: str, **options: object) -> Identified:
    account = sandbox.accounts("directo")[position]
    sandbox.fault(account, fault, **options)
    async with connected(sandbox, account) as books:
        return await books.connector.test(books.session, books.account)


@pytest.mark.parametrize("position", [REST_ACCOUNT, XML_ACCOUNT])
@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("revoke", {}, AccessRefusedError),
        ("no_permission", {}, ForbiddenError),
        ("no_permission", {"silent": True}, ForbiddenError),
        ("plan_too_low", {}, ForbiddenError),
        ("throttle_429", {}, ThrottledError),
        ("throttle_429", {"retry_after_s": None}, ThrottledError),
        ("error_500", {}, ProviderDownError),
        ("gateway_502", {}, ProviderDownError),
        ("sign_in_page", {}, UnreadableAnswerError),
        ("foreign_body", {"body": "Directo"}, UnreadableAnswerError),
        ("short_page", {}, UnreadableAnswerError),
    ],
)
async def test_each_row_against_the_imitation(
    sandbox: RunningSandbox,
    position: int,
    fault: str,
    options: dict[str, object],
    kind: type[ConnectorError],
) -> None:
    with pytest.raises(kind):
        await answer_of(sandbox, position, fault, **options)


@pytest.mark.parametrize("position", [REST_ACCOUNT, XML_ACCOUNT])
async def test_a_page_that_comes_once_in_place_of_the_answer_is_asked_for_again(
    sandbox: RunningSandbox, position: int
) -> None:
    found = await answer_of(sandbox, position, "sign_in_page", times=1)

    assert found.calls == 2
    assert found.books.currency == "EUR"


async def test_a_key_of_the_other_interface_is_refused_with_that_cause(sandbox: RunningSandbox) -> None:
    rest, xml = (sandbox.accounts("directo")[position] for position in (REST_ACCOUNT, XML_ACCOUNT))

    for account, other in ((rest, xml), (xml, rest)):
        crossed = {
            **account,
            "credentials": {**account["credentials"], "api_key": other["credentials"]["api_key"]},
        }
        async with connected(sandbox, crossed) as books:
            with pytest.raises(AccessRefusedError) as caught:
                await books.connector.test(books.session, books.account)
        assert "other interface" in caught.value.cause


async def test_a_key_is_refused_from_the_day_after_its_end() -> None:
    with running_sandbox(clients=3, documents=6) as sandbox:
        account = sandbox.accounts("directo")[INVOICES_ACCOUNT]
        async with connected(sandbox, account) as books:
            await books.connector.test(books.session, books.account)
            sandbox.world.clock.advance(202 * 86_400)
            with pytest.raises(AccessRefusedError) as caught:
                await books.connector.test(books.session, books.account)

    assert "end date" in caught.value.cause


@pytest.mark.parametrize(
    ("position", "resource"),
    [
        (REST_ACCOUNT, "accounts"),
        (REST_ACCOUNT, "transactions"),
        (INVOICES_ACCOUNT, "invoices"),
        (XML_ACCOUNT, "transactions"),
    ],
)
async def test_a_right_that_is_missing_for_one_resource_fails_probe_and_reading(
    sandbox: RunningSandbox, position: int, resource: str
) -> None:
    account = sandbox.accounts("directo")[position]
    month = Month.parse(account["last_month"])
    sandbox.fault(account, "no_permission", resource=resource)

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, [month])
        if resource != "accounts":  # the test has told it
            with pytest.raises(ForbiddenError):
                await books.connector.probe_rights(books.session, books.account, month)

    result = reading.months[month]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION


async def test_a_field_left_out_by_the_imitation_is_named(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("directo")[REST_ACCOUNT]
    month = Month.parse(account["last_month"])
    sandbox.fault(account, "missing_field", field="rows.account")

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    assert isinstance(result, MonthFailure)
    assert (result.code, result.detail) == (
        ProblemCode.NO_PERMISSION,
        "the key's field list lacks transactions.rows.account",
    )
