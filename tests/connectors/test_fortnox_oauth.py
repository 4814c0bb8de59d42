"""Fortnox's consents and tokens, recorded and against the imitation."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from connectors.errors import (
    AccessRefusedError,
    FormError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
)
from connectors.fortnox import FORTNOX
from connectors.protocol import Access, Account, Grant, OAuth
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from support.connecting import Answers, SharedClock, SteppingClock, answering
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.month import Month
from sync_contracts.providers import Provider

KEYS = {
    "client_id": "Qw7LmZt3XcVb",
    "client_secret": "m4d3Up53cr",
    "redirect_uri": "http://127.0.0.1:9/v1/oauth/callback",
}
BASIC = "Basic UXc3TG1adDNYY1ZiOm00ZDNVcDUzY3I="
SERVICE_GRANT = Grant({"tenant_id": "1733021"})
USER_GRANT = Grant({"tenant_id": "1733021", "refresh_token": "canary-r-1"})
COMPANY = {"DatabaseNumber": 1733021, "CompanyName": "Björk & Lind AB"}


def oauth() -> OAuth:
    assert FORTNOX.oauth is not None
    return FORTNOX.oauth


def session_over(
    answers: Answers, clock: SteppingClock | None = None, *, account_type: str | None = None
) -> Session:
    more = {} if account_type is None else {"account_type": account_type}
    return answering(answers, clock=clock, operators={Provider.FORTNOX: KEYS | more})


def tokens(**more: object) -> httpx.Response:
    return httpx.Response(
        200, json={"access_token": "a-1", "expires_in": 3600, "token_type": "bearer", **more}
    )


class Recorded:
    """Answers the token address, and tells the company."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.fortnox.se":
            return httpx.Response(200, json={"CompanyInformation": COMPANY})
        self.requests.append(request)
        return self.response

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.requests[-1].content.decode()).items()}


@pytest.mark.parametrize(
    ("account_type", "sent"), [(None, "service"), ("service", "service"), ("user", None)]
)
async def test_the_consent_link(account_type: str | None, sent: str | None) -> None:
    async with session_over(lambda _: httpx.Response(500), account_type=account_type) as session:
        url = httpx.URL(oauth().authorize_url(session, state="s-1", code_challenge="c-1"))

    assert (url.scheme, url.host, url.path) == ("https", "apps.fortnox.se", "/oauth-v1/auth")
    assert url.params["scope"] == "companyinformation bookkeeping invoice supplierinvoice"
    assert (url.params["access_type"], url.params["response_type"]) == ("offline", "code")
    assert (url.params["state"], url.params["redirect_uri"]) == ("s-1", KEYS["redirect_uri"])
    assert url.params.get("account_type") == sent
    assert KEYS["client_secret"] not in str(url)


async def test_a_service_account_signs_in_for_the_company_of_its_grant_only() -> None:
    answer, clock = Recorded(tokens()), SteppingClock()

    async with session_over(answer, clock) as session:
        signed_in = await FORTNOX.sign_in(session, SERVICE_GRANT, {"tenant_id": "9999999"})

    (request,) = answer.requests
    assert str(request.url) == "https://apps.fortnox.se/oauth-v1/token"
    assert request.headers["authorization"] == BASIC
    assert request.headers["tenantid"] == "1733021"
    assert answer.form == {"grant_type": "client_credentials"}
    assert signed_in.access == Access({"access_token": "a-1"}, clock.now() + timedelta(hours=1))
    assert signed_in.grant == SERVICE_GRANT
    assert signed_in.calls == 1


async def test_a_refresh_token_is_replaced_by_the_next_one() -> None:
    answer = Recorded(tokens(refresh_token="r-2"))

    async with session_over(answer) as session:
        signed_in = await FORTNOX.sign_in(session, USER_GRANT, {})

    assert answer.form == {"grant_type": "refresh_token", "refresh_token": "canary-r-1"}
    assert "tenantid" not in answer.requests[0].headers
    assert signed_in.grant == Grant({"tenant_id": "1733021", "refresh_token": "r-2"})


@pytest.mark.parametrize(
    ("account_type", "grant"),
    [
        ("service", {"tenant_id": "1733021", "revocation_token": "r-1"}),
        ("user", {"tenant_id": "1733021", "refresh_token": "r-1"}),
    ],
)
async def test_a_consent_s_grant_names_its_company(account_type: str, grant: dict[str, str]) -> None:
    answer = Recorded(tokens(refresh_token="r-1"))

    async with session_over(answer, account_type=account_type) as session:
        signed_in = await oauth().exchange(
            session, code="code-1", code_verifier="v", returned={"tenant_id": "9999999"}
        )
        (found,) = await oauth().organisations(session, signed_in.access)

    assert answer.form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": KEYS["redirect_uri"],
    }
    assert signed_in.grant == Grant(grant)
    assert (found.external_id, found.name, found.just_consented) == ("1733021", "Björk & Lind AB", True)
    assert found.settings == {"tenant_id": "1733021"}


@pytest.mark.parametrize("grant", [SERVICE_GRANT, USER_GRANT])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), AccessRefusedError),
        (httpx.Response(400, text='{"error": "unauthorized_client"}'), AccessRefusedError),
        (httpx.Response(400, text="no"), AccessRefusedError),
        (httpx.Response(403), AccessRefusedError),
        (httpx.Response(401, text='{"error": "invalid_client"}'), RejectedRequestError),
        (httpx.Response(429, headers={"Retry-After": "30"}), ThrottledError),
        (httpx.Response(500), ProviderDownError),
    ],
)
async def test_refused_sign_ins(grant: Grant, answer: httpx.Response, kind: type[Exception]) -> None:
    async with session_over(Recorded(answer)) as session:
        with pytest.raises(kind) as caught:
            await FORTNOX.sign_in(session, grant, {})

    assert "canary" not in str(caught.value)
    if isinstance(caught.value, AccessRefusedError):
        assert caught.value.cause


async def test_what_works_once_is_sent_once() -> None:
    answer = Recorded(httpx.Response(502))

    async with session_over(answer) as session:
        with pytest.raises(ProviderDownError):
            await FORTNOX.sign_in(session, USER_GRANT, {})
        with pytest.raises(ProviderDownError):
            await oauth().exchange(session, code="code-1", code_verifier="v", returned={})
        once = len(answer.requests)
        with pytest.raises(ProviderDownError):
            await FORTNOX.sign_in(session, SERVICE_GRANT, {})

    assert once == 2
    assert len(answer.requests) == 5


async def test_wrong_keys_of_a_firm_s_own_integration_are_the_firm_s_to_mend() -> None:
    credentials = FORTNOX.split({"client_id": "Own0123456", "client_secret": "no", "tenant_id": "17 33021 "})
    answer = Recorded(httpx.Response(401, json={"error": "invalid_client"}))

    async with answering(answer) as session:
        with pytest.raises(AccessRefusedError) as caught:
            await FORTNOX.sign_in(session, credentials.grant, credentials.settings)

    assert "client id" in caught.value.cause
    assert answer.requests[0].headers["tenantid"] == credentials.settings["tenant_id"] == "1733021"


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "tenant_id"])
def test_a_tenant_id_alone_opens_nothing(missing: str) -> None:
    fields = {"client_id": "Own0123456", "client_secret": "s", "tenant_id": "1733021"}

    with pytest.raises(FormError) as caught:
        FORTNOX.split(fields | {missing: ""})

    assert [problem.field for problem in caught.value.problems] == [missing]


def test_companies_have_their_own_limits_and_a_rotated_token_changes_no_key() -> None:
    settings = {"tenant_id": "1733021"}
    rotated = Grant({**USER_GRANT.values, "refresh_token": "r-2"})
    own = Grant({**SERVICE_GRANT.values, "client_id": "Own0123456", "client_secret": "s"})

    assert FORTNOX.account_key(USER_GRANT, settings) == FORTNOX.account_key(rotated, settings)
    assert FORTNOX.owner_key(USER_GRANT) == FORTNOX.owner_key(rotated)
    assert FORTNOX.account_key(own, settings) != FORTNOX.account_key(USER_GRANT, settings)
    assert FORTNOX.account_key(SERVICE_GRANT, {"tenant_id": "1733022"}) != FORTNOX.account_key(
        SERVICE_GRANT, settings
    )


async def test_without_the_installation_s_integration_the_operator_is_told() -> None:
    async with answering(lambda _: httpx.Response(500)) as session:
        with pytest.raises(RejectedRequestError, match="client id"):
            await FORTNOX.sign_in(session, SERVICE_GRANT, {})
        with pytest.raises(RejectedRequestError, match="no integration"):
            oauth().authorize_url(session, state="s", code_challenge="c")


async def test_revoking_sends_the_token_that_came_with_the_consent() -> None:
    answer = Recorded(httpx.Response(200, json={"revoked": True}))

    async with session_over(answer) as session:
        await oauth().revoke(session, SERVICE_GRANT)
        nothing = len(answer.requests)
        await oauth().revoke(session, Grant({**SERVICE_GRANT.values, "revocation_token": "r-1"}))

    assert nothing == 0
    assert str(answer.requests[0].url) == "https://apps.fortnox.se/oauth-v1/revoke"
    assert answer.form == {"token_type_hint": "refresh_token", "token": "r-1"}
    assert answer.requests[0].headers["authorization"] == BASIC


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=3, documents=6) as running:
        yield running


def session_at(sandbox: RunningSandbox, account: dict[str, Any], **more: str) -> Session:
    held = account["credentials"]
    keys = {
        "client_id": held["client_id"],
        "client_secret": held["client_secret"],
        "redirect_uri": KEYS["redirect_uri"],
    }
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {Provider.FORTNOX: account["endpoints"]},
            "operators": {Provider.FORTNOX: keys | more},
        }
    )
    return build_session(settings, clock=SharedClock(sandbox))


def consented(sandbox: RunningSandbox, session: Session, account: dict[str, Any]) -> str:
    """The code that a browser brings back from the imitation's page."""
    url = oauth().authorize_url(session, state="s-1", code_challenge="c-1")
    chosen = {"organisation": account["credentials"]["tenant_id"], "auto": "allow"}
    back = sandbox.http.get(httpx.URL(url).copy_merge_params(chosen), follow_redirects=False)
    brought = parse_qs(urlsplit(back.headers["location"]).query)
    assert brought["state"] == ["s-1"]
    return brought["code"][0]


@pytest.mark.parametrize("account_type", ["service", "user"])
async def test_from_the_consent_to_the_books(sandbox: RunningSandbox, account_type: str) -> None:
    account = sandbox.accounts("fortnox")[1]
    month = Month.parse(account["last_month"])

    async with session_at(sandbox, account, account_type=account_type) as session:
        code = consented(sandbox, session, account)
        exchanged = await oauth().exchange(session, code=code, code_verifier="v", returned={})
        (organisation,) = await oauth().organisations(session, exchanged.access)
        signed_in = await FORTNOX.sign_in(session, exchanged.grant, organisation.settings)
        key = FORTNOX.account_key(signed_in.grant, organisation.settings)
        books = Account(access=signed_in.access, settings=organisation.settings, account_key=key)
        reading = await FORTNOX.read_months(session, books, [month])

    assert organisation.name == reading.books.name == account["name"]
    assert reading.books.external_id == account["credentials"]["tenant_id"]
    assert (signed_in.grant != exchanged.grant) is (account_type == "user")


async def test_a_refresh_token_that_comes_twice_locks_the_client_out(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]

    async with session_at(sandbox, account, account_type="user") as session:
        code = consented(sandbox, session, account)
        first = await oauth().exchange(session, code=code, code_verifier="v", returned={})
        second = await FORTNOX.sign_in(session, first.grant, {})
        third = await FORTNOX.sign_in(session, second.grant, {})
        with pytest.raises(AccessRefusedError) as caught:
            await FORTNOX.sign_in(session, first.grant, {})
        with pytest.raises(AccessRefusedError):
            await FORTNOX.sign_in(session, third.grant, {})

    assert "authorise again" in caught.value.cause


async def test_a_lost_answer_leaves_a_token_that_is_refused(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]

    async with session_at(sandbox, account, account_type="user") as session:
        code = consented(sandbox, session, account)
        grant = (await oauth().exchange(session, code=code, code_verifier="v", returned={})).grant
        sandbox.fault(account, "token_reply_lost", times=1)
        with pytest.raises(ProviderDownError):
            await FORTNOX.sign_in(session, grant, {})
        with pytest.raises(AccessRefusedError):
            await FORTNOX.sign_in(session, grant, {})


async def test_an_unused_refresh_token_dies_after_45_days(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]

    async with session_at(sandbox, account, account_type="user") as session:
        code = consented(sandbox, session, account)
        grant = (await oauth().exchange(session, code=code, code_verifier="v", returned={})).grant
        sandbox.world.clock.advance(44 * 86_400)
        grant = (await FORTNOX.sign_in(session, grant, {})).grant
        sandbox.world.clock.advance(45 * 86_400 + 1)
        with pytest.raises(AccessRefusedError):
            await FORTNOX.sign_in(session, grant, {})


async def test_a_consent_that_was_revoked_opens_nothing_more(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]

    async with session_at(sandbox, account) as session:
        code = consented(sandbox, session, account)
        signed_in = await oauth().exchange(session, code=code, code_verifier="v", returned={})
        await oauth().revoke(session, signed_in.grant)
        with pytest.raises(AccessRefusedError):
            await FORTNOX.sign_in(session, signed_in.grant, {})
        with pytest.raises(AccessRefusedError):
            await oauth().organisations(session, signed_in.access)


@pytest.mark.parametrize(
    ("fault", "cause"), [("no_service_account", "service account"), ("revoke", "authorise again")]
)
async def test_a_service_account_that_is_refused_says_why(
    sandbox: RunningSandbox, fault: str, cause: str
) -> None:
    account = sandbox.accounts("fortnox")[0]
    credentials = FORTNOX.split(account["credentials"])

    async with session_at(sandbox, account) as session:
        sandbox.fault(account, fault)
        with pytest.raises(AccessRefusedError) as caught:
            await FORTNOX.sign_in(session, credentials.grant, credentials.settings)

    assert cause in caught.value.cause


async def test_a_company_that_has_not_consented_is_refused(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]
    credentials = FORTNOX.split(account["credentials"] | {"tenant_id": "4242"})

    async with session_at(sandbox, account) as session:
        with pytest.raises(AccessRefusedError) as caught:
            await FORTNOX.sign_in(session, credentials.grant, credentials.settings)

    assert "tenant id" in caught.value.cause
