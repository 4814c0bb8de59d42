from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.tripletex_caller import TripletexCaller

WHO_AM_I = "token/session/>whoAmI"
CLIENTS = "company/>withLoginAccess"
MARCH = {"invoiceDateFrom": "2026-03-01", "invoiceDateTo": "2026-04-01"}
OWN, ACCOUNTANTS, TESTERS = 0, 2, 3


def caller(sandbox: RunningSandbox, turn: int = OWN) -> TripletexCaller:
    account = sandbox.accounts("tripletex")[turn]
    return TripletexCaller(account, sandbox.http, sandbox.world.clock.now())


def error(answer: Any) -> tuple[int, int]:
    envelope = answer.json()
    assert envelope.keys() == {
        "status",
        "code",
        "message",
        "link",
        "developerMessage",
        "validationMessages",
        "requestId",
    }
    assert envelope["requestId"] == answer.headers["x-tlx-request-id"]
    assert envelope["status"] == answer.status_code
    return answer.status_code, envelope["code"]


def test_tokens_look_like_the_vendors(sandbox: RunningSandbox) -> None:
    credentials = sandbox.accounts("tripletex")[OWN]["credentials"]

    for name in ("consumer_token", "employee_token"):
        assert json.loads(base64.b64decode(credentials[name])).keys() == {"tokenId", "token"}


def test_a_session_is_created_by_post_or_the_old_way(sandbox: RunningSandbox) -> None:
    own = caller(sandbox)

    created = own.create()
    query = {
        "consumerToken": own.credentials["consumer_token"],
        "employeeToken": own.credentials["employee_token"],
        "expirationDate": "2026-11-25",
    }
    legacy = sandbox.http.put(f"{own.address}/token/session/:create", params=query)

    assert (created.status_code, legacy.status_code) == (201, 200)
    value = created.json()["value"]
    assert value["url"].startswith("tripletex.no/v2/token/session/")
    assert {
        "id",
        "expirationDate",
        "token",
        "encryptionKey",
        "consumerToken",
        "employeeToken",
    } <= value.keys()


@pytest.mark.parametrize("name", ["consumerToken", "employeeToken"])
def test_a_wrong_token_is_unauthorized(sandbox: RunningSandbox, name: str) -> None:
    assert error(caller(sandbox).create(**dict[str, Any]({name: "eyJub3Qi"}))) == (401, 3000)


def test_tokens_of_one_environment_are_nobodys_in_the_other(sandbox: RunningSandbox) -> None:
    own = caller(sandbox, TESTERS)
    own.address = own.address.replace("/test/", "/production/")

    assert error(own.create()) == (401, 3000)


def test_a_session_of_one_environment_is_nobodys_in_the_other(sandbox: RunningSandbox) -> None:
    own = caller(sandbox, TESTERS).sign_in()
    own.address = own.address.replace("/test/", "/production/")

    assert error(own.get(WHO_AM_I)) == (401, 3000)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expirationDate": ""}, 15000),
        ({"employeeToken": ""}, 15000),
        ({"expirationDate": "2026-11-23"}, 18000),
        ({"expirationDate": "tomorrow"}, 16000),
    ],
)
def test_a_session_needs_tokens_and_a_later_date(
    sandbox: RunningSandbox, change: dict[str, str], code: int
) -> None:
    assert error(caller(sandbox).create(**dict[str, Any](change))) == (422, code)


def test_a_session_needs_json(sandbox: RunningSandbox) -> None:
    answer = sandbox.http.post(f"{caller(sandbox).address}/token/session/:create", content=b"{")

    assert error(answer) == (422, 22000)


def test_who_am_i_tells_the_company(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("tripletex")[OWN]
    fields = "employeeId,companyId,company(id,name,organizationNumber)"

    value = caller(sandbox).sign_in().get(WHO_AM_I, fields=fields).json()["value"]

    assert value.keys() == {"employeeId", "companyId", "company"}
    assert value["company"]["name"] == account["name"]
    assert value["company"]["id"] == value["companyId"]
    assert len(value["company"]["organizationNumber"]) == 9


@pytest.mark.parametrize("header", [None, "Basic !!!", "Bearer abc", "Basic OnRva2Vu", "Basic eDp0b2tlbg=="])
def test_without_a_session_nothing_can_be_read(sandbox: RunningSandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    answer = sandbox.http.get(f"{caller(sandbox).address}/invoice", params=MARCH, headers=headers)

    assert error(answer) == (401, 3000)


def test_a_closed_session_is_gone(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()

    closed = sandbox.http.delete(f"{own.address}/token/session/{own.token}", auth=("0", own.token))

    assert closed.status_code == 204
    assert error(own.get(WHO_AM_I)) == (401, 3000)


@pytest.mark.parametrize(
    ("stopped_at", "seconds_left"),
    [
        (datetime(2026, 11, 23, 22, 59, 50, tzinfo=UTC), 10),  # 23:59:50 in Oslo, winter time
        (datetime(2026, 7, 1, 21, 59, 50, tzinfo=UTC), 10),  # 23:59:50 in Oslo, summer time
    ],
)
def test_a_session_dies_at_midnight_in_oslo(stopped_at: datetime, seconds_left: int) -> None:
    with running_sandbox(clients=1, documents=4, clock=Clock(stopped_at)) as sandbox:
        own = caller(sandbox).sign_in(days=1)

        before = own.get(WHO_AM_I).status_code
        sandbox.world.clock.advance(seconds_left)

        assert (before, own.get(WHO_AM_I).status_code) == (200, 401)


def test_an_accountant_by_itself_reaches_two_addresses(sandbox: RunningSandbox) -> None:
    firm = caller(sandbox, ACCOUNTANTS).sign_in()

    me = firm.get(WHO_AM_I, user="0", fields="companyId,company(name)").json()["value"]
    clients = firm.get(CLIENTS, user="0", count=1000).json()["values"]
    refused = firm.get("invoice", user="0", **MARCH)

    assert me["company"]["name"] == "Regnskapshuset AS"
    assert {str(one["id"]) for one in clients} == {
        one["credentials"]["company_id"]
        for one in sandbox.accounts("tripletex")
        if one["credentials"]["company_id"] != "0"
    }
    assert error(refused) == (403, 9000)


def test_an_accountants_session_serves_each_client(sandbox: RunningSandbox) -> None:
    clients = [one for one in sandbox.accounts("tripletex") if one["credentials"]["company_id"] != "0"]
    firm = caller(sandbox, ACCOUNTANTS).sign_in()

    names = [
        firm.get(WHO_AM_I, user=one["credentials"]["company_id"], fields="company(name)").json()["value"]
        for one in clients
    ]

    assert len(clients) == 2
    assert [one["company"]["name"] for one in names] == [one["name"] for one in clients]
    assert len({one["credentials"]["employee_token"] for one in clients}) == 1


@pytest.mark.parametrize("path", [WHO_AM_I, "invoice"])
def test_a_foreign_company_is_forbidden(sandbox: RunningSandbox, path: str) -> None:
    assert error(caller(sandbox).sign_in().get(path, user="3300002", **MARCH)) == (403, 9000)


def test_a_revoked_token_neither_opens_nor_keeps_a_session(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "revoke")

    assert error(own.create()) == (401, 3000)
    assert error(own.get("invoice", **MARCH)) == (401, 3000)


def test_an_accountant_can_lose_one_client(sandbox: RunningSandbox) -> None:
    lost, kept = [one for one in sandbox.accounts("tripletex") if one["credentials"]["company_id"] != "0"]
    sandbox.fault(lost, "revoke")
    firm = caller(sandbox, ACCOUNTANTS).sign_in()

    answers = [firm.get("invoice", user=one["credentials"]["company_id"], **MARCH) for one in (lost, kept)]

    assert error(answers[0]) == (403, 9000)
    assert answers[1].status_code == 200


def test_a_session_can_end_early_and_be_made_again(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "session_expired", times=1)

    first, second = own.get(WHO_AM_I), own.get(WHO_AM_I)

    assert error(first) == error(second) == (401, 3000)
    assert own.sign_in().get(WHO_AM_I).status_code == 200


def test_a_clock_that_is_ahead_ends_sessions(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "clock_skew")

    assert error(own.get(WHO_AM_I)) == (401, 3000)


def test_every_answer_tells_what_is_left_of_the_budget(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()

    answers = [own.get(WHO_AM_I) for _ in range(100)]

    assert [answer.status_code for answer in answers] == [200] * 99 + [429]
    assert [int(answer.headers["X-Rate-Limit-Remaining"]) for answer in answers[:2]] == [98, 97]
    assert answers[-1].headers["X-Rate-Limit-Limit"] == "100"
    assert 0 < int(answers[-1].headers["X-Rate-Limit-Reset"]) <= 10
    assert answers[-1].json()["status"] == 429
    sandbox.world.clock.advance(10)
    assert own.get(WHO_AM_I).status_code == 200
    assert sandbox.http.get("/_calls").json()["calls"]["tripletex"]["tripletex-0001"]["throttled"] == 1


def test_clients_of_one_accountant_share_its_budget(sandbox: RunningSandbox) -> None:
    first, second = [
        turn
        for turn, one in enumerate(sandbox.accounts("tripletex"))
        if one["credentials"]["company_id"] != "0"
    ]
    busy, waiting = caller(sandbox, first).sign_in(), caller(sandbox, second)
    for _ in range(99):
        busy.get(WHO_AM_I)
    waiting.token = busy.token

    assert waiting.get(WHO_AM_I).status_code == 429
    assert caller(sandbox).create().status_code == 201


def test_a_throttled_answer_may_be_empty(sandbox: RunningSandbox) -> None:
    own = caller(sandbox, TESTERS).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[TESTERS], "throttle_429")

    answer = own.get(WHO_AM_I)

    assert (answer.status_code, answer.content) == (429, b"")


def test_sign_ins_and_identity_are_counted_apart(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    own.get(WHO_AM_I)
    own.get("invoice", **MARCH)

    counted = sandbox.http.get("/_calls").json()["calls"]["tripletex"]["tripletex-0001"]
    assert counted == {"total": 3, "sign_in": 1, "identity": 1, "read": 1, "throttled": 0}


@pytest.mark.parametrize("silent", [False, True])
def test_a_missing_right_refuses_or_empties_one_resource(sandbox: RunningSandbox, silent: bool) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "no_permission", resource="invoice", silent=silent)

    answer, other = own.get("invoice", **MARCH), own.get("supplierInvoice", **MARCH)

    if silent:
        assert answer.json()["values"] == []
    else:
        assert error(answer) == (403, 9000)
    assert other.json()["values"]


def test_a_fault_of_the_vendor_has_no_message(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "error_500")

    answer = own.get("invoice", **MARCH)

    assert error(answer) == (500, 1000)
    assert answer.json()["message"] is None


def test_a_gateway_answers_in_html(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "gateway_502")

    answer = own.get("invoice", **MARCH)

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (502, "text/html")


def test_another_company_shows_its_own_name(sandbox: RunningSandbox) -> None:
    own = caller(sandbox).sign_in()
    sandbox.fault(sandbox.accounts("tripletex")[OWN], "wrong_company")

    value = own.get(WHO_AM_I, fields="company(name)").json()["value"]

    assert value["company"]["name"] == sandbox.accounts("tripletex")[1]["name"]


def test_a_session_outlives_days_until_its_date() -> None:
    with running_sandbox(
        clients=1, documents=4, clock=Clock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    ) as sandbox:
        own = caller(sandbox).sign_in(days=2)

        sandbox.world.clock.advance(timedelta(hours=34).total_seconds())

        assert own.get(WHO_AM_I).status_code == 200
