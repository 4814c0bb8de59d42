"""Scoro's credential form, and that no site leads to another host."""

import httpx
import pytest
from connectors.errors import FormError
from connectors.scoro import SCORO
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from support.connecting import SteppingClock, account_with, answering
from support.scoro_site import ACCESS, KEY, SETTINGS, Site
from sync_contracts.providers import Provider


@pytest.mark.parametrize(
    ("given", "site", "address"),
    [
        ("kauri", "kauri", "https://kauri.scoro.com/api/v2"),
        (" Kauri ", "kauri", "https://kauri.scoro.com/api/v2"),
        ("https://kauri.scoro.com", "kauri", "https://kauri.scoro.com/api/v2"),
        ("HTTPS://KAURI.SCORO.COM/", "kauri", "https://kauri.scoro.com/api/v2"),
        ("http://kauri.scoro.com:443/main/settings?tab=api#key", "kauri", "https://kauri.scoro.com/api/v2"),
        ("kauri.scoro.ee", "kauri.scoro.ee", "https://kauri.scoro.ee/api/v2"),
        ("https://kauri.scoro.ee/projects", "kauri.scoro.ee", "https://kauri.scoro.ee/api/v2"),
        ("kauri/projects", "kauri", "https://kauri.scoro.com/api/v2"),
        ("kauri-2", "kauri-2", "https://kauri-2.scoro.com/api/v2"),
    ],
)
async def test_a_pasted_address_is_cut_down_to_its_site(given: str, site: str, address: str) -> None:
    credentials = SCORO.split({"site": given, "company_account_id": "kauri-ou", "api_key": KEY})
    vendor = Site()

    async with answering(vendor) as session:
        await SCORO.identify(session, account_with(SCORO, ACCESS, credentials.settings))

    assert credentials.settings == {"site": site, "company_account_id": "kauri-ou", "only_sent": "no"}
    assert str(vendor.requests[0].url) == f"{address}/companyAccount/list"
    assert SCORO.split({**credentials.settings, "api_key": KEY}).settings == credentials.settings


@pytest.mark.parametrize(
    "given",
    [
        "evil.example",
        "https://evil.example/.scoro.com",
        "kauri.scoro.com.evil.example",
        "kauri.scoro.com@evil.example",
        "kauri@evil.example",
        "kauri:secret@evil.example",
        "a.b.scoro.com",
        "127.0.0.1",
        "[::1]",
        "localhost:8080",
        "//evil.example",
        "ftp://kauri.scoro.com",
        "kauri.scoro.org",
        "..",
        ".scoro.com",
        "-kauri",
        "kauri_1",
        "{site}",
        "%6b",
        "ka\u0443ri",
        "k\u2024scoro",
        "k" * 64,
        "",
    ],
)
def test_a_site_never_leads_to_another_host(given: str) -> None:
    with pytest.raises(FormError) as caught:
        SCORO.split({"site": given, "company_account_id": "kauri-ou", "api_key": KEY})

    assert [problem.field for problem in caught.value.problems] == ["site"]


@pytest.mark.parametrize("site", ["evil.example", "kauri.scoro.com.evil.example", "", "kauri/../x@y"])
async def test_even_a_stored_site_never_leads_to_another_host(site: str) -> None:
    vendor = Site()

    async with answering(vendor) as session:
        account = account_with(SCORO, ACCESS, {**SETTINGS, "site": site})
        if site.startswith("kauri/"):
            await SCORO.identify(session, account)
        else:
            with pytest.raises(ValueError, match="not a Scoro site"):
                await SCORO.identify(session, account)

    assert {request.url.host for request in vendor.requests} <= {"kauri.scoro.com"}


@pytest.mark.parametrize(
    ("override", "address"),
    [
        ("http://127.0.0.1:9/scoro/com/{site}/api/v2", "http://127.0.0.1:9/scoro/com/kauri/api/v2"),
        ("https://{site}.gateway.example/v2/", "https://kauri.gateway.example/v2"),
        ("http://127.0.0.1:9/one-for-all", "http://127.0.0.1:9/one-for-all"),
    ],
)
async def test_an_installation_may_have_the_sites_elsewhere(override: str, address: str) -> None:
    requests: list[httpx.Request] = []
    vendor = Site()

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        path = f"/api/v2/{'/'.join(request.url.path.split('/')[-2:])}"
        return vendor(httpx.Request("POST", f"https://kauri.scoro.com{path}", content=request.content))

    settings = ConnectorSettings.model_validate({"endpoints": {Provider.SCORO: {"com": override}}})
    async with build_session(
        settings, clock=SteppingClock(), transport=httpx.MockTransport(answer)
    ) as session:
        await SCORO.identify(session, account_with(SCORO, ACCESS, SETTINGS))

    assert str(requests[0].url) == f"{address}/companyAccount/list"


def test_the_form_asks_for_three_things_and_strips_what_came_along() -> None:
    with pytest.raises(FormError) as caught:
        SCORO.split({})
    credentials = SCORO.split(
        {"site": "kauri", "company_account_id": " kauri-ou\n", "api_key": "\u00a0any key", "only_sent": "YES"}
    )

    assert [problem.field for problem in caught.value.problems] == ["site", "company_account_id", "api_key"]
    assert credentials.grant.values == {"api_key": "anykey"}
    assert credentials.settings["company_account_id"] == "kauri-ou"
    assert credentials.settings["only_sent"] == "yes"
    assert [field.name for field in SCORO.form.fields if field.secret] == ["api_key"]


def test_a_site_s_entities_share_its_limits_and_a_new_key_changes_nothing() -> None:
    def key(**fields: str) -> str:
        given = {"site": "kauri", "company_account_id": "a", "api_key": KEY, **fields}
        credentials = SCORO.split(given)
        return SCORO.account_key(credentials.grant, credentials.settings)

    assert key() == key(company_account_id="b") == key(api_key="another")
    assert key() != key(site="kauri.scoro.ee")
    assert KEY not in key()
