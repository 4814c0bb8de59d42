"""What the command line says before anything runs."""

from pathlib import Path

import pytest
from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.problems import RequestRefusedError
from support.command import ledgerbus
from sync_contracts.codes import RefusalCode

COMMANDS = {
    *("up", "sandbox", "demo", "probe", "providers", "enable", "disable", "test", "connect", "delete"),
    *("connections", "reload", "bulk", "cancel", "retry", "runs", "watch", "summaries"),
}


@pytest.fixture
def unreachable(tmp_path: Path) -> Path:
    """A system that was killed: its addresses are there, and nobody answers."""
    nobody = "http://127.0.0.1:9"
    Addresses(
        kafka="127.0.0.1:9",
        credentials=nobody,
        orchestrator=nobody,
        summaries=nobody,
        notifier=nobody,
        workers=nobody,
    ).write(tmp_path)
    return tmp_path


def test_every_command_is_listed() -> None:
    answer = ledgerbus("--help")

    assert answer.exit_code == 0
    assert all(command in answer.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    answer = ledgerbus(command, "--help")

    assert answer.exit_code == 0
    assert "Usage" in answer.stdout


def test_without_a_running_system_the_command_says_how_to_start_one(tmp_path: Path) -> None:
    answer = ledgerbus("runs", "--data", tmp_path, "--json")

    assert answer.exit_code == 2
    assert "ledgerbus up" in answer.stderr
    assert answer.json["error"] == "BAD_USAGE"


def test_a_system_that_does_not_answer_is_named(unreachable: Path) -> None:
    answer = ledgerbus("connections", "--data", unreachable, "--json")

    assert answer.exit_code == 1
    assert answer.json["error"] == "UNREACHABLE"
    assert "127.0.0.1:9" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("bulk", "xero", "2026-00"), "YYYY-MM"),
        (("bulk", "zero", "2026-04"), "zero"),
        (("reload", "client-1"), "PROVIDER"),
        (("watch", "run-1"), "RUN"),
        (("runs", "--company", "a b"), "letters"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_bad_usage_is_two_and_json_on_request(
    unreachable: Path, arguments: tuple[str, ...], told: str
) -> None:
    where = ("--data", unreachable) if arguments != ("no-such-command",) else ()

    answer = ledgerbus(*arguments, *where, "--json")

    assert answer.exit_code == 2
    assert answer.json["error"] == "BAD_USAGE"
    assert told in answer.json["message"]


def test_a_refusal_says_which_command_helps() -> None:
    refusal = RequestRefusedError(RefusalCode.INTEGRATION_NOT_ENABLED, "")

    assert str(refusal).endswith("`ledgerbus enable PROVIDER` does it.")
    assert refusal.as_json()["error"] == "INTEGRATION_NOT_ENABLED"


@pytest.mark.parametrize("command", [("test", "xero"), ("connect", "client-1", "tripletex")])
def test_secrets_are_never_arguments(command: tuple[str, ...]) -> None:
    answer = ledgerbus(*command, "--refresh-token", "canary", "--json")

    assert answer.exit_code == 2
