"""`ledgerbus probe` against the sandbox: the truth, the number of calls, and how trouble is told."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Answer, ledgerbus
from support.owed import OWED
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

# Every system, and Merit Aktiva in each of its three countries.
BOOKS = [(provider, 0) for provider in Provider] + [(Provider.MERIT_AKTIVA, 1), (Provider.MERIT_AKTIVA, 2)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=3, documents=6) as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.http.delete("/_control")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credentials.json"


def probe(account: dict[str, Any], file: Path, *more: object, **changes: object) -> Answer:
    """Probe the account's last month with its own credentials, some of them changed."""
    file.write_text(json.dumps({**account["credentials"], **changes}))
    endpoints = [
        part for name, url in account["endpoints"].items() for part in ("--endpoint", f"{name}={url}")
    ]
    named = ("--credentials", file, "--month", account["last_month"])
    return ledgerbus("probe", account["provider"], *named, *endpoints, *more)


def values_of(answer: Answer, month: object) -> dict[str, dict[str, str]]:
    values = answer.json["months"][str(month)]["values"]
    return {metric: {"value": one["value"], "unit": one["unit"]} for metric, one in values.items()}


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize(("provider", "number"), BOOKS)
def test_months_are_the_truth_for_the_fewest_calls(
    sandbox: RunningSandbox, file: Path, provider: Provider, number: int, count: int
) -> None:
    account = sandbox.accounts(provider)[number]
    months = list(Months.ending(Month.parse(account["last_month"]), count))
    truths = {month: sandbox.truth(account, str(month)) for month in months}

    answer = probe(account, file, "--months", count, "--json")

    assert answer.exit_code == 0, answer.stderr
    assert answer.json["calls"] == OWED[provider].calls(list(truths.values()))
    assert {month: values_of(answer, month) for month in months} == truths


@pytest.mark.parametrize("provider", Provider)
def test_an_answer_has_its_shape(sandbox: RunningSandbox, file: Path, provider: Provider) -> None:
    account = sandbox.accounts(provider)[1]

    answer = probe(account, file, "--json")

    told = answer.json
    month = told["months"][account["last_month"]]
    assert answer.exit_code == 0
    assert set(told["books"]) == {"external_id", "name", "currency"}
    assert set(month) == {"values", "record_count", "fingerprint", "notes"}
    assert all(set(one) == {"value", "unit", "source"} for one in month["values"].values())
    assert "failed" not in told


def test_a_person_sees_a_table(sandbox: RunningSandbox, file: Path) -> None:
    account = sandbox.accounts("tripletex")[0]

    answer = probe(account, file)

    assert answer.exit_code == 0
    assert "sales_net (NOK)" in answer.stdout


@pytest.mark.parametrize(
    ("provider", "fault", "options", "exit_code"),
    [
        ("merit-aktiva", "revoke", {}, 3),
        ("xero", "revoke", {}, 3),
        ("tripletex", "revoke", {}, 3),
        ("xero", "throttle_429", {"retry_after_s": 300}, 4),
        ("merit-aktiva", "throttle_429", {}, 4),
        ("merit-aktiva", "unreadable", {"field": "amount"}, 6),
        ("xero", "unreadable", {"field": "amount"}, 6),
        ("tripletex", "unreadable", {"field": "date"}, 6),
        ("merit-aktiva", "plan_too_low", {}, 7),
        ("tripletex", "no_permission", {}, 7),
    ],
)
def test_each_trouble_has_its_exit_code_and_a_sentence(
    sandbox: RunningSandbox, file: Path, *, provider: str, fault: str, options: dict[str, Any], exit_code: int
) -> None:
    account = sandbox.accounts(provider)[1]
    sandbox.fault(account, fault, **options)

    answer = probe(account, file, "--json")

    assert answer.exit_code == exit_code, answer
    assert answer.stderr.startswith("ledgerbus: ")
    assert answer.json.get("error") or answer.json["failed"]


def test_a_provider_that_does_not_answer_is_down(sandbox: RunningSandbox, file: Path) -> None:
    account = sandbox.accounts("tripletex")[0]
    nobody = dict.fromkeys(account["endpoints"], "http://127.0.0.1:9/v2")

    answer = probe(account | {"endpoints": nobody}, file, "--json")

    assert answer.exit_code == 5
    assert answer.json["error"] == "PROVIDER_DOWN"


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({"api_id": ""}, (), "api_id"),
        ({"country": "SE"}, (), "country"),
        ({"api_key": ["no", "text"]}, (), "api_key"),
        ({}, ("--endpoint", "nowhere=http://127.0.0.1:9"), "nowhere"),
        ({}, ("--endpoint", "ee=ftp://127.0.0.1:9"), "address"),
        ({}, ("--endpoint", "ee"), "NAME=URL"),
        ({}, ("--month", "2026-13"), "YYYY-MM"),
        ({}, ("--months", "0"), "--months"),
    ],
)
def test_bad_usage_is_told_without_a_call(
    sandbox: RunningSandbox, file: Path, changes: dict[str, Any], more: tuple[str, ...], told: str
) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    sandbox.http.post("/_calls:reset")

    answer = probe(account, file, *more, "--json", **changes)

    assert answer.exit_code == 2
    assert told in answer.json["message"]
    assert answer.json["error"] == "BAD_USAGE"
    assert sandbox.http.get("/_calls").json()["calls"] == {}


def test_a_file_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    answer = ledgerbus("probe", "xero", "--credentials", tmp_path / "none.json", "--month", "2026-04")

    assert answer.exit_code == 2
    assert "cannot be read" in answer.stderr


def test_no_secret_is_ever_said(sandbox: RunningSandbox, file: Path) -> None:
    account = sandbox.accounts("merit-aktiva")[0]

    answer = probe(account, file, "--json", api_key="canary-4711", api_id="canary-4712")

    assert answer.exit_code == 2
    assert "canary" not in answer.stdout + answer.stderr


class TestTokens:
    def test_an_access_token_that_still_works_spends_no_refresh_token(
        self, sandbox: RunningSandbox, file: Path
    ) -> None:
        answer = probe(sandbox.accounts("xero")[0], file, "--json")

        assert answer.json["sign_in_calls"] == 0

    def test_a_new_refresh_token_is_written_back_on_request(
        self, sandbox: RunningSandbox, file: Path
    ) -> None:
        account = sandbox.accounts("xero")[0]
        old = account["credentials"]["refresh_token"]

        answer = probe(account, file, "--json", "--save-tokens", expires_at="2020-01-01T00:00:00Z")

        kept = json.loads(file.read_text())
        assert answer.exit_code == 0
        assert answer.json["sign_in_calls"] == 1
        assert kept["refresh_token"] != old
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "was replaced" in answer.stderr
        assert kept["refresh_token"] not in answer.stderr + answer.stdout

    def test_a_new_refresh_token_is_kept_beside_the_file_otherwise(
        self, sandbox: RunningSandbox, file: Path
    ) -> None:
        account = sandbox.accounts("xero")[2]

        probe(account, file, expires_at="2020-01-01T00:00:00Z")

        beside = file.with_name("credentials.json.new")
        assert json.loads(file.read_text())["expires_at"] == "2020-01-01T00:00:00Z"
        assert probe(account | {"credentials": json.loads(beside.read_text())}, file).exit_code == 0
        assert str(beside) in probe(account, file, expires_at="2020-01-01T00:00:00Z").stderr

    def test_a_refused_access_token_is_replaced_once(self, sandbox: RunningSandbox, file: Path) -> None:
        account = sandbox.accounts("xero")[2]

        answer = probe(account, file, "--json", access_token="stale")

        assert answer.exit_code == 0
        assert answer.json["sign_in_calls"] == 1
