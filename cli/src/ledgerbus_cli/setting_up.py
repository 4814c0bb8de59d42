"""`ledgerbus setup`: what a broker and a vault of one's own need before the services start."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import hvac
import requests
import typer
from aiokafka.errors import KafkaError
from hvac.exceptions import VaultError
from sandbox.embedded import create_topics
from sandbox.embedded.provisioning import provision
from sync_contracts.topics import all_topics

from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.problems import BadUsageError, UnreachableError
from ledgerbus_cli.topic_settings import topic_settings

PARTITIONS = 12
_TIMEOUT_S = 10.0


def setup(
    *,
    kafka: Annotated[str, typer.Option(help="The broker, as HOST:PORT.")],
    vault: Annotated[str, typer.Option(help="The vault's address.")],
    secret_ids: Annotated[Path, typer.Option(help="A folder for the services' secret-ids, a file each.")],
    partitions: Annotated[int, typer.Option(min=1, help="Of each topic; no service has more processes.")] = (
        PARTITIONS
    ),
    replicas: Annotated[int, typer.Option(min=1, help="Of each topic.")] = 1,
) -> None:
    """Make the topics, and Vault's mount, policies, roles and secret-ids; safe to repeat.

    VAULT_TOKEN holds the token of somebody who may administer Vault; LEDGERBUS_KAFKA_SECURITY_PROTOCOL,
    _SASL_MECHANISM, _USERNAME, _PASSWORD and _CA_FILE say how to sign in to the broker.
    """
    token = os.environ.get("VAULT_TOKEN")
    if not token:
        raise BadUsageError("Set VAULT_TOKEN to the token of somebody who may administer Vault.")
    try:
        options = kafka_options(kafka)
        making = create_topics(
            options,
            all_topics(),
            partitions,
            replication_factor=replicas,
            settings=topic_settings(replicas),
        )
        asyncio.run(making)
    except KafkaError:
        raise UnreachableError("The broker", kafka) from None
    secret_ids.mkdir(parents=True, exist_ok=True, mode=0o700)
    with requests.Session() as session:
        try:
            provision(hvac.Client(url=vault, token=token, session=session, timeout=_TIMEOUT_S), secret_ids)
        except (requests.RequestException, VaultError) as error:
            raise UnreachableError("The vault", f"{vault} ({type(error).__name__})") from None
    typer.echo(f"{len(all_topics())} topics, and the services' roles in Vault, are in place.")
