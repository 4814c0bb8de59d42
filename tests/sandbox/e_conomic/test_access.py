"""Tokens, limit, faults and the page where the app is added."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.economic_caller import EconomicCaller
from support.sandbox_server import RunningSandbox

BACK = "http://127.0.0.1:9/v1/oauth/callback?state=s-1"


def account_of(sandbox: RunningSandbox, turn: int = 0) -> dict[str, Any]:
    return sandbox.accounts("e-conomic")[turn]


def caller(sandbox: RunningSandbox, turn: int = 0) -> EconomicCaller:
    return EconomicCaller(account_of(sandbox, turn), sandbox.http)


def error(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert {"message", "errorCode", "developerHint", "logId", "httpStatusCode", "logTime"} <= body.keys()
    assert body["httpStatusCode"] == answer.status_code
    return answer.status_code, body["errorCode"]


def test_self_tells_the_agreement(sandbox: RunningSandbox) -> None:
    account = account_of(sandbox)

    told = caller(sandbox).get("self").json()

    assert told["agreementNumber"] == account["agreement"]
    assert told["company"]["name"] == account["name"]
    assert len(told["company"]["companyIdentificationNumber"]) == 8
    assert told["settings"] == {"baseCurrency": account["currency"]}
    assert told["application"]["requiredRoles"][0]["name"] == "SuperUser"


def test_agreements_are_danish_norwegian_and_swedish(sandbox: RunningSandbox) -> None:
    kinds = {
        caller(sandbox, turn).get("self").json()["agreementType"]["name"]: account_of(sandbox, turn)[
            "currency"
        ]
        for turn in range(6)
    }

    assert kinds == {"Denmark": "DKK", "Norway": "NOK", "Sweden": "SEK"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "wrong"}, "E02251"),
        ({"grant": "wrong"}, "E02251"),
        ({"secret": ""}, "E02251"),
        ({"grant": ""}, "E02251"),
        ({"secret": "demo"}, "E02250"),
    ],
)
def test_wrong_tokens_are_unauthorized(sandbox: RunningSandbox, change: dict[str, str], code: str) -> None:
    own = caller(sandbox)
    for name, value in change.items():
        setattr(own, name, value)

    assert error(own.get("self")) == (401, code)


def test_tokens_in_the_query_open_nothing(sandbox: RunningSandbox) -> None:
    own = caller(sandbox)

    answer = sandbox.http.get(
        f"{own.address}/self", params={"appSecretToken": own.secret, "agreementGrantToken": own.grant}
    )

    assert error(answer) == (401, "E02251")


def test_the_word_demo_opens_the_demo_agreement_to_read(sandbox: RunningSandbox) -> None:
    own = caller(sandbox)
    own.secret = own.grant = "demo"

    assert own.get("self").json()["agreementNumber"] == account_of(sandbox)["agreement"]
    assert sandbox.http.post(f"{own.address}/accounts", headers=own.headers).status_code == 405


@pytest.mark.parametrize(("fault", "code"), [("revoke", "E02251"), ("other_app", "E02250")])
def test_a_grant_may_end_or_be_another_app_s(sandbox: RunningSandbox, fault: str, code: str) -> None:
    sandbox.fault(account_of(sandbox), fault)

    assert error(caller(sandbox).get("self")) == (401, code)


@pytest.mark.parametrize(
    ("half", "statuses"),
    [("sales", [200, 403, 200]), ("bookkeeping", [200, 200, 403]), (None, [200, 403, 403])],
)
def test_a_role_may_lack_a_half(sandbox: RunningSandbox, half: str | None, statuses: list[int]) -> None:
    sandbox.fault(account_of(sandbox), "no_permission", **({"half": half} if half else {}))

    paths = ("self", "invoices/booked", "accounting-years")
    assert [caller(sandbox).get(path).status_code for path in paths] == statuses


def test_a_throttle_tells_its_seconds_and_is_counted(sandbox: RunningSandbox) -> None:
    sandbox.fault(account_of(sandbox), "throttle_429", times=1, retry_after_s=12)

    first, second = caller(sandbox).get("self"), caller(sandbox).get("self")

    assert (first.status_code, first.headers["retry-after"], second.status_code) == (429, "12", 200)
    counted = sandbox.http.get("/_calls").json()["calls"]["e-conomic"]["e-conomic-0001"]
    assert counted == {"total": 2, "sign_in": 0, "identity": 2, "read": 0, "throttled": 1}


def test_fifty_thousand_calls_a_day_are_the_limit_of_an_agreement(sandbox: RunningSandbox) -> None:
    limit = sandbox.world.limits["e-conomic"]["agreement"]
    caller(sandbox).get("self")

    assert limit.figures()["e-conomic-0001"]["limit"] == 50_000


@pytest.mark.parametrize(("fault", "status"), [("error_500", 500), ("gateway_502", 502)])
def test_trouble_of_the_vendor_s_own(sandbox: RunningSandbox, fault: str, status: int) -> None:
    sandbox.fault(account_of(sandbox), fault)

    assert caller(sandbox).get("accounts").status_code == status


@pytest.mark.parametrize(
    "path", ["nothing", "accounting-years/2025%2F2026/entries", "accounting-years/1999/entries"]
)
def test_unknown_paths_and_years_are_not_found(sandbox: RunningSandbox, path: str) -> None:
    assert error(caller(sandbox).get(path)) == (404, "E00404")


def test_another_content_type_is_refused(sandbox: RunningSandbox) -> None:
    own = caller(sandbox)

    answer = sandbox.http.get(f"{own.address}/self", headers=own.headers | {"Content-Type": "text/xml"})

    assert error(answer) == (415, "E00415")


def test_another_company_tells_its_own_number(sandbox: RunningSandbox) -> None:
    sandbox.fault(account_of(sandbox), "wrong_company")

    assert caller(sandbox).get("self").json()["agreementNumber"] == account_of(sandbox, 1)["agreement"]


def page(sandbox: RunningSandbox, **more: str) -> httpx.Response:
    account = account_of(sandbox)
    asked = {"appPublicToken": account["credentials"]["app_public_token"], "redirectUrl": BACK} | more
    address = account["endpoints"]["secure"] + "/secure/api1/requestaccess.aspx"
    return sandbox.http.get(address, params=asked)


def test_adding_the_app_brings_the_grant_back(sandbox: RunningSandbox) -> None:
    account = account_of(sandbox, 2)

    back = page(sandbox, auto="allow", agreement=str(account["agreement"]))

    assert back.status_code == 302
    told = parse_qs(urlsplit(back.headers["location"]).query)
    assert told == {"state": ["s-1"], "token": [account["credentials"]["agreement_grant_token"]]}


def test_the_page_has_a_button_that_does_the_same(sandbox: RunningSandbox) -> None:
    account = account_of(sandbox, 1)
    shown = page(sandbox)
    pressed = {
        "appPublicToken": account["credentials"]["app_public_token"],
        "redirectUrl": BACK,
        "agreement": str(account["agreement"]),
        "decision": "allow",
    }

    back = sandbox.http.post(account["endpoints"]["secure"] + "/secure/api1/requestaccess.aspx", data=pressed)

    assert "Add app" in shown.text
    assert account["name"] in shown.text
    assert back.headers["location"].endswith(account["credentials"]["agreement_grant_token"])


def test_without_an_address_the_page_shows_the_token(sandbox: RunningSandbox) -> None:
    shown = page(sandbox, auto="allow", redirectUrl="")

    assert account_of(sandbox)["credentials"]["agreement_grant_token"] in shown.text


def test_who_cancels_comes_back_without_a_token(sandbox: RunningSandbox) -> None:
    assert page(sandbox, auto="deny").headers["location"] == BACK


@pytest.mark.parametrize(
    "more",
    [{"appPublicToken": "wrong"}, {"redirectUrl": "https://evil.example/"}, {"redirectUrl": "file:///x"}],
)
def test_an_unknown_app_or_address_gets_no_grant(sandbox: RunningSandbox, more: dict[str, str]) -> None:
    answer = page(sandbox, auto="allow", **more)

    assert answer.status_code == 400
    assert account_of(sandbox)["credentials"]["agreement_grant_token"] not in answer.text
