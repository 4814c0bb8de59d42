"""The commands of the platform, by hand, on a running system."""

import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledgerbus_cli.system import System
from support.command import Answer, ledgerbus
from support.loopback import NOBODY
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

# Taken from the end of the accounts, since other tests count from the beginning.
NUMBERS = iter(range(40, 0, -1))


class Hand:
    """A person of a firm of its own at the keyboard."""

    def __init__(self, system: System, folder: Path) -> None:
        self._data = system.data_dir
        self._company = f"firm-{uuid4().hex[:12]}"
        self._sandbox = str(system.addresses.sandbox)
        self._folder = folder

    def __call__(self, *arguments: object, as_json: bool = True, role: str = "owner") -> Answer:
        who = ("--data", self._data, "--company", self._company, "--role", role)
        return ledgerbus(*arguments, *who, *(("--json",) if as_json else ()))

    def account(self, provider: str) -> dict[str, Any]:
        found = httpx.get(f"{self._sandbox}/_accounts?provider={provider}", verify=NOBODY).json()
        wanted = f"{provider}-{next(NUMBERS):04}"
        return next(dict(one) for one in found if one["account"] == wanted)

    def control(self, method: str, fault: dict[str, Any] | None = None) -> None:
        """Switch a fault of the sandbox on, or all of them off."""
        httpx.request(method, f"{self._sandbox}/_control", json=fault).raise_for_status()

    def accounts_of(self, user: str) -> list[dict[str, Any]]:
        found = httpx.get(f"{self._sandbox}/_accounts", verify=NOBODY).json()
        return [one for one in found if one.get("user") == user]

    def process(self, *arguments: object) -> "subprocess.Popen[str]":
        """The command as a process, for what a person does while it runs."""
        who = ("--data", self._data, "--company", self._company, "--json")
        command = [Path(sys.executable).with_name("ledgerbus"), *arguments, *who]
        return subprocess.Popen(list(map(str, command)), stdout=PIPE, stderr=PIPE, text=True)

    def file(self, **fields: object) -> Path:
        file = self._folder / f"{uuid4().hex}.json"
        file.write_text(json.dumps(fields))
        return file

    def connected(self, client: str, provider: str) -> dict[str, Any]:
        account = self.account(provider)
        file = self.file(**account["credentials"])
        assert self("connect", client, provider, "--credentials", file).exit_code == 0
        assert self("enable", provider).exit_code == 0
        return account


@pytest.fixture
def hand(system: System, tmp_path: Path) -> Hand:
    return Hand(system, tmp_path)


def test_enabling_shows_in_the_catalogue(hand: Hand) -> None:
    hand("enable", "tripletex")
    hand("enable", "xero")
    hand("disable", "xero")

    listed = hand("providers").json["providers"]

    assert {one["provider"] for one in listed} == set(Provider)
    assert [one["provider"] for one in listed if one["enabled"]] == [Provider.TRIPLETEX]


def test_a_test_stores_nothing_and_names_the_likely_cause(hand: Hand) -> None:
    credentials = hand.account("merit-aktiva")["credentials"]
    other = "FI" if credentials["country"] == "EE" else "EE"

    good = hand("test", "merit-aktiva", "--credentials", hand.file(**credentials))
    bad = hand("test", "merit-aktiva", "--credentials", hand.file(**credentials | {"country": other}))

    assert (good.exit_code, good.json["ok"]) == (0, True)
    assert "test_token" not in good.json
    assert (bad.exit_code, bad.json["code"]) == (1, "NEEDS_AUTH")
    assert "country" in bad.json["cause"]
    assert hand("connections").json == []


def test_bad_credentials_are_not_connected(hand: Hand) -> None:
    credentials = hand.account("merit-aktiva")["credentials"] | {"api_key": "canary"}

    answer = hand("connect", "client-1", "merit-aktiva", "--credentials", hand.file(**credentials))

    assert answer.exit_code == 1
    assert answer.json["error"] == "NOT_CONNECTED"
    assert "canary" not in answer.stdout + answer.stderr
    assert hand("connections").json == []


def test_a_reload_wants_its_confirmation_and_then_writes_a_year(hand: Hand) -> None:
    hand.connected("client-1", "merit-aktiva")

    unconfirmed = hand("reload", "client-1", "merit-aktiva")
    confirmed = hand("reload", "client-1", "merit-aktiva", "--overwrite")

    assert (unconfirmed.exit_code, unconfirmed.json["error"]) == (1, "OVERWRITE_NOT_CONFIRMED")
    assert "--overwrite" in unconfirmed.stderr
    assert (confirmed.exit_code, confirmed.json["counts"]["written"]) == (0, 12)
    assert len(hand("summaries", "client-1", "--provider", "merit-aktiva").json) == 12
    first = confirmed.json["months"][0]
    assert len(hand("summaries", "client-1", "--from", first, "--to", first).json) == 1


def test_a_bulk_names_whom_it_could_not_read(hand: Hand) -> None:
    account = hand.connected("client-1", "tripletex")

    answer = hand("bulk", "tripletex", account["last_month"], "client-1", "stranger")
    run = answer.json["run_id"]

    assert answer.exit_code == 1
    assert answer.json["lines"][0]["client_id"] == "stranger"
    assert hand("runs").json[0]["run_id"] == run
    assert {job["ending"] for job in hand("runs", run).json["jobs"]} == {"written", "skipped"}
    assert hand("watch", run).json == answer.json
    assert hand("cancel", run).json["error"] == "RUN_ALREADY_ENDED"
    assert hand("retry", run).json["error"] == "NOTHING_TO_RETRY"


def test_a_retry_reads_only_what_failed(hand: Hand) -> None:
    well, broken = hand.connected("client-1", "tripletex"), hand.connected("client-2", "tripletex")
    fault = {"provider": "tripletex", "account": broken["account"], "fault": "unreadable"}
    hand.control("POST", fault)
    failed = hand("bulk", "tripletex", well["last_month"]).json
    hand.control("DELETE")

    retried = hand("retry", failed["run_id"])

    assert (failed["counts"]["written"], failed["counts"]["failed"]) == (1, 1)
    assert retried.exit_code == 0
    assert (retried.json["retry_of"], retried.json["counts"]["written"]) == (failed["run_id"], 1)
    jobs = hand("runs", retried.json["run_id"]).json["jobs"]
    assert [(job["client_id"], job["ending"]) for job in jobs] == [("client-2", "written")]


def test_a_bulk_without_clients_reads_all_that_are_connected(hand: Hand, tmp_path: Path) -> None:
    account = hand.connected("client-1", "tripletex")
    listed = tmp_path / "clients.txt"
    listed.write_text("client-1\n\n")

    everyone = hand("bulk", "tripletex", account["last_month"])
    from_file = hand("bulk", "tripletex", account["last_month"], "--clients-file", listed)

    assert (everyone.exit_code, everyone.json["counts"]["written"]) == (0, 1)
    assert (from_file.exit_code, from_file.json["counts"]["unchanged"]) == (0, 1)


def test_not_waiting_ends_with_the_acceptance(hand: Hand) -> None:
    account = hand.connected("client-1", "tripletex")

    answer = hand("bulk", "tripletex", account["last_month"], "--no-wait", "--request-id", "req-1")
    again = hand("bulk", "tripletex", account["last_month"], "--no-wait", "--request-id", "req-1")

    assert answer.json["run_id"] == again.json["run_id"]
    assert hand("watch", answer.json["run_id"]).exit_code == 0


def test_a_person_reads_sentences(hand: Hand) -> None:
    account = hand.connected("client-1", "tripletex")

    answer = hand("bulk", "tripletex", account["last_month"], as_json=False)

    assert "1 written" in answer.stdout
    assert "client-1" in hand("summaries", as_json=False).stdout
    assert "client-1" in hand("connections", as_json=False).stdout
    assert "bulk" in hand("runs", as_json=False).stdout


def test_a_cancel_may_overtake_its_request(hand: Hand) -> None:
    answer = hand("cancel", "not-sent-yet")

    assert answer.exit_code == 0
    assert answer.json == {"kept_for_request": "not-sent-yet"}


def test_a_deletion_is_confirmed_and_destroys_the_connection(hand: Hand) -> None:
    hand.connected("client-1", "merit-aktiva")

    unconfirmed = hand("delete", "client-1", "merit-aktiva")
    confirmed = hand("delete", "client-1", "merit-aktiva", "--yes")
    never_connected = hand("delete", "client-2", "merit-aktiva", "--yes")

    assert unconfirmed.exit_code == 2
    assert confirmed.exit_code == 0
    assert hand("connections").json == []
    assert never_connected.json["error"] == "CONNECTION_NOT_FOUND"


def test_a_member_may_look_and_change_nothing(hand: Hand) -> None:
    assert hand("connections", role="member").exit_code == 0
    assert hand("enable", "xero", role="member").json["error"] == "FORBIDDEN"
    assert hand("reload", "client-1", "xero", "--overwrite", role="member").json["error"] == "FORBIDDEN"


@pytest.mark.parametrize(("ticked", "more"), [(1, ()), (2, ("--organisation",))])
def test_a_consent_in_the_browser_connects_an_organisation(
    hand: Hand, ticked: int, more: tuple[str, ...]
) -> None:
    account = hand.account("xero")
    organisations = [one["credentials"]["tenant_id"] for one in hand.accounts_of(account["user"])]
    chosen = sorted(organisations, key=lambda one: one != account["credentials"]["tenant_id"])[:ticked]
    named = [*more, account["name"]] if more else []

    with hand.process("connect", "client-1", "xero", *named, "--within", 60) as process:
        assert process.stderr is not None
        link = next(line.strip() for line in process.stderr if line.startswith("http"))
        browser = httpx.URL(link).copy_merge_params(
            {"user": account["user"], "auto": "allow", "organisation": chosen}
        )
        httpx.get(browser, follow_redirects=True).raise_for_status()
        said, why = process.communicate(timeout=60)

    assert process.returncode == 0, why
    assert json.loads(said)["books"]["name"] == account["name"]
    assert hand("connections").json[0]["settings"] == {"tenant_id": account["credentials"]["tenant_id"]}
