"""The command signs in to Kafka by its environment."""

from pathlib import Path

import pytest
from ledgerbus_cli.kafka_access import PREFIX, kafka_options
from ledgerbus_cli.problems import BadUsageError


def test_without_variables_only_the_address_is_used() -> None:
    assert kafka_options("kafka:9092") == {"bootstrap_servers": "kafka:9092"}


def test_a_missing_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SECURITY_PROTOCOL", "SASL_SSL")

    with pytest.raises(BadUsageError, match="SASL_SSL needs a username and a password"):
        kafka_options("kafka:9092")


def test_an_unknown_mechanism_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SASL_MECHANISM", "GSSAPI")

    with pytest.raises(BadUsageError, match="LEDGERBUS_KAFKA_SASL_MECHANISM"):
        kafka_options("kafka:9092")


def test_a_ca_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv(f"{PREFIX}CA_FILE", str(tmp_path / "nowhere.pem"))

    with pytest.raises(BadUsageError, match="CA_FILE"):
        kafka_options("kafka:9092")
