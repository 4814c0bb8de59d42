"""Apache Kafka with a listener that encrypts and asks who calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sandbox.embedded import Server
from sandbox.embedded.apache_kafka import ApacheKafka
from sandbox.embedded.ports import HOST, free_port
from service_kit.settings import KafkaSettings
from support.servers import running

USER = "ledgerbus"
PASSWORD = "right-password-4711"
_JAAS = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class SecuredKafka:
    """Where it is and whose certificate it shows."""

    bootstrap: str
    ca_file: Path

    def settings(
        self, mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512", password: str = PASSWORD
    ) -> KafkaSettings:
        return KafkaSettings.model_validate(
            {
                "bootstrap_servers": self.bootstrap,
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": mechanism,
                "username": USER,
                "password": password,
                "ca_file": self.ca_file,
                "start_timeout_s": 2.0,
            }
        )

    def variables(self, prefix: str, password: str = PASSWORD) -> dict[str, str]:
        """The same as environment variables."""
        return {
            f"{prefix}SECURITY_PROTOCOL": "SASL_SSL",
            f"{prefix}USERNAME": USER,
            f"{prefix}PASSWORD": password,
            f"{prefix}CA_FILE": str(self.ca_file),
        }


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """Runs for as long as the block lasts; knows one user, by either mechanism."""
    port = free_port()
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    listener = "listener.name.sasl_ssl"
    program = ApacheKafka(
        folder / "kafka",
        free_port(),
        listeners={"SASL_SSL": port},
        settings={
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{_JAAS}.scram.ScramLoginModule required;",
            f"{listener}.plain.sasl.jaas.config": (
                f'{_JAAS}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            ),
            f"{listener}.ssl.keystore.type": "PEM",
            f"{listener}.ssl.keystore.location": str(_key_store(authority, folder / "broker.pem")),
        },
        scram=f"name={USER},password={PASSWORD}",
    )
    with running(Server(program, folder)):
        yield SecuredKafka(f"{HOST}:{port}", ca_file)


def _key_store(authority: trustme.CA, path: Path) -> Path:
    """Kafka reads keys in the form PKCS 8 only."""
    issued = authority.issue_cert(HOST)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    for certificate in issued.cert_chain_pems:
        certificate.write_to_path(path, append=True)
    return path
