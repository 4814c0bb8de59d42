"""How a client signs in to Kafka is settled before it tries."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError
from service_kit.kafka_access import client_security
from service_kit.settings import KafkaAccess

SIGNED_IN = {"security_protocol": "SASL_SSL", "username": "ledgerbus", "password": "hunter2"}


def access(**settings: Any) -> KafkaAccess:
    return KafkaAccess.model_validate({"bootstrap_servers": "kafka:9092", **settings})


def test_without_settings_nothing_is_encrypted_and_nobody_signs_in() -> None:
    assert client_security(access()) == {}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_client_signs_in_and_believes_only_the_ca_file(mechanism: str, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca_file)

    options = client_security(access(**SIGNED_IN, sasl_mechanism=mechanism, ca_file=ca_file))

    context = options.pop("ssl_context")
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "ledgerbus",
        "sasl_plain_password": "hunter2",
    }
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"security_protocol": "SASL_SSL", "username": "ledgerbus"}, "needs a username and a password"),
        ({"username": "ledgerbus", "password": "hunter2"}, "takes no username"),
        ({"ca_file": "/ca.pem"}, "takes no ca_file"),
        ({**SIGNED_IN, "sasl_mechanism": "GSSAPI"}, "sasl_mechanism"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refusal:
        access(**settings)

    assert "hunter2" not in str(refusal.value)


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(access(**SIGNED_IN))
