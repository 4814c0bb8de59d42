from __future__ import annotations

from typing import Any

import pytest
from support.sandbox_server import RunningSandbox
from support.scoro_caller import ScoroCaller

MARCH = {"filter": {"date": {"from_date": "2026-03-01", "to_date": "2026-03-31"}}}
COMPANY = "companyAccount"
TURNS = range(6)


def caller(sandbox: RunningSandbox, turn: int = 0) -> ScoroCaller:
    return ScoroCaller(sandbox.accounts("scoro")[turn], sandbox.http)


def told(answer: Any) -> tuple[int, str]:
    """The body's own status and its sentence, wherever it stands."""
    body = answer.json()
    assert body["status"] == "ERROR"
    assert body["data"] is None
    words: Any = body.get("messages") or body.get("errors")
    while not isinstance(words, str):
        words = next(iter(words)) if isinstance(words, list) else words.get("error") or words["text"]
    return int(body["statusCode"]), words


def is_page(answer: Any) -> bool:
    return bool(
        answer.headers["content-type"].startswith("text/html") and answer.text.startswith("<!DOCTYPE html>")
    )


@pytest.mark.parametrize("turn", TURNS)
def test_the_company_is_told_with_its_base_currency(sandbox: RunningSandbox, turn: int) -> None:
    account = sandbox.accounts("scoro")[turn]

    (row,) = caller(sandbox, turn).ask(COMPANY).json()["data"]

    assert (row["company_name"], row["base_currency"]) == (account["name"], account["currency"])
    assert row["reg_no"]


def test_a_good_status_is_written_in_three_ways(sandbox: RunningSandbox) -> None:
    envelopes = [caller(sandbox, turn).ask(COMPANY).json() for turn in range(3)]

    assert [(one.get("status"), one["statusCode"]) for one in envelopes] == [
        ("OK", 200),
        ("ok", "200"),
        (None, 200),
    ]


@pytest.mark.parametrize("spoiled", ["", "ScoroAPI_000000000000000"])
@pytest.mark.parametrize("turn", TURNS)
def test_a_wrong_key_is_refused_by_the_body_at_least(
    sandbox: RunningSandbox, turn: int, spoiled: str
) -> None:
    stranger = caller(sandbox, turn)
    stranger.keys["apiKey"] = spoiled

    answer = stranger.ask(COMPANY)

    assert answer.status_code == (200 if turn % 2 else 401)
    assert told(answer) == (401, "Invalid API key")


def test_a_key_in_the_address_or_in_a_header_is_none(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    key = reader.keys.pop("apiKey")

    answer = reader.send(f"{COMPANY}/list", reader.keys, query=f"?apiKey={key}&apikey={key}")

    assert told(answer)[0] == 401


def test_another_site_s_key_is_refused(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    reader.keys["apiKey"] = caller(sandbox, 2).keys["apiKey"]

    assert told(reader.ask(COMPANY))[0] == 401


@pytest.mark.parametrize(("turn", "code"), [(0, 403), (1, 401)])
def test_a_wrong_entity_is_refused(sandbox: RunningSandbox, turn: int, code: int) -> None:
    reader = caller(sandbox, turn)
    reader.keys["company_account_id"] = "somebody"

    assert told(reader.ask(COMPANY))[0] == code


def test_without_an_entity_the_call_is_ambiguous(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    del reader.keys["company_account_id"]

    assert told(reader.ask(COMPANY)) == (401, "company_account_id is missing")


@pytest.mark.parametrize(("site", "status"), [("nobody", 404), ("nobodys", 200)])
def test_nobody_s_site_shows_a_page(sandbox: RunningSandbox, site: str, status: int) -> None:
    reader = caller(sandbox)
    reader.site = site

    answer = reader.ask(COMPANY)

    assert answer.status_code == status
    assert is_page(answer)


def test_a_site_lives_on_one_domain_only(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 2)
    here = reader.ask(COMPANY)
    reader.domain = "com"

    assert sandbox.accounts("scoro")[2]["credentials"]["site"].endswith(".scoro.ee")
    assert here.json()["data"]
    assert is_page(reader.ask(COMPANY))


@pytest.mark.parametrize("verb", ["GET", "PUT"])
def test_everything_is_a_post(sandbox: RunningSandbox, verb: str) -> None:
    reader = caller(sandbox)

    assert is_page(reader.send(f"{COMPANY}/list", reader.keys, verb=verb))


@pytest.mark.parametrize("path", ["getContactList", "invoices", "invoices/modify", "../v1/invoices/list"])
def test_a_wrong_path_shows_a_page(sandbox: RunningSandbox, path: str) -> None:
    reader = caller(sandbox)

    assert is_page(reader.send(path, reader.keys))


def test_an_unknown_module_is_not_found(sandbox: RunningSandbox) -> None:
    assert told(caller(sandbox).ask("ledger"))[0] == 404


@pytest.mark.parametrize(
    "more",
    [
        {"page": 0},
        {"page": "two"},
        {"per_page": -1},
        {"filter": {"date": {"from_date": "01.03.2026", "to_date": "31.03.2026"}}},
    ],
)
def test_a_value_that_does_not_fit_is_a_bad_request(sandbox: RunningSandbox, more: dict[str, Any]) -> None:
    assert told(caller(sandbox).ask("invoices", **more))[0] == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_a_body_that_is_no_object_is_a_bad_request(sandbox: RunningSandbox, body: bytes) -> None:
    answer = sandbox.http.post(f"{caller(sandbox).address}/invoices/list", content=body)

    assert told(answer)[0] == 400


@pytest.mark.parametrize(("turn", "retry_after"), [(0, "60"), (1, None)])
def test_the_sixty_first_call_of_a_minute_is_throttled(
    sandbox: RunningSandbox, turn: int, retry_after: str | None
) -> None:
    busy = caller(sandbox, turn)

    answers = [busy.ask(COMPANY) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert told(answers[-1]) == (429, "Too many requests")
    assert answers[-1].headers.get("Retry-After") == retry_after
    counted = sandbox.http.get("/_calls").json()["calls"]["scoro"][f"scoro-{turn + 1:04}"]
    assert (counted["identity"], counted["throttled"]) == (61, 1)
    assert caller(sandbox, turn + 2).ask(COMPANY).status_code == 200


def test_a_day_has_its_calls_too(sandbox: RunningSandbox) -> None:
    reader, window = caller(sandbox, 4), sandbox.world.limits["scoro"]["day"]
    while window.take(reader.keys["apiKey"]).allowed:  # type: ignore[attr-defined]  # a FixedWindow
        pass

    answer = reader.ask(COMPANY)
    sandbox.world.clock.advance(86_400)

    assert told(answer) == (429, "Daily API limit exceeded")
    assert reader.ask(COMPANY).status_code == 200


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        ("revoke", 401, "API key"),
        ("error_500", 500, "Internal"),
        ("throttle_429", 429, "Too many"),
        ("plan_too_low", 403, "plan"),
        ("no_permission", 403, "permission"),
    ],
)
@pytest.mark.parametrize("turn", TURNS)
def test_trouble_is_told_in_the_body(
    sandbox: RunningSandbox, turn: int, fault: str, code: int, word: str
) -> None:
    sandbox.fault(sandbox.accounts("scoro")[turn], fault)

    answer = caller(sandbox, turn).ask("invoices", **MARCH)

    assert told(answer)[0] == code
    assert word in told(answer)[1]
    assert answer.status_code == (200 if turn % 2 and code != 429 else code)


@pytest.mark.parametrize(("fault", "status"), [("gateway_502", 502), ("html_200", 200)])
def test_trouble_may_be_a_page(sandbox: RunningSandbox, fault: str, status: int) -> None:
    sandbox.fault(sandbox.accounts("scoro")[0], fault)

    answer = caller(sandbox).ask("invoices", **MARCH)

    assert answer.status_code == status
    assert is_page(answer)


@pytest.mark.parametrize("fault", ["plan_too_low", "no_permission"])
def test_a_company_may_always_see_itself(sandbox: RunningSandbox, fault: str) -> None:
    sandbox.fault(sandbox.accounts("scoro")[0], fault)

    assert caller(sandbox).ask(COMPANY).status_code == 200


def test_a_right_may_be_missing_for_one_module(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("scoro")[0], "no_permission", module="bills")

    assert [caller(sandbox).ask(name, **MARCH).status_code for name in ("bills", "invoices")] == [403, 200]
