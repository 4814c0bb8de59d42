"""`ledgerbus setup`: what a broker and a vault of one's own need before the services start."""

import asyncio
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import hvac
import requests
import typer
from aiokafka.errors import KafkaError
from hvac.exceptions import VaultError
from sandbox.embedded import EmbeddedError, create_topics
from sandbox.embedded.provisioning import provision
from sandbox.embedded.token_logins import AUDIENCE, TokenLogin
from sync_contracts.topics import all_topics

from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.problems import BadUsageError, LedgerbusError, UnreachableError
from ledgerbus_cli.topic_settings import topic_settings

PARTITIONS = 12
_TIMEOUT_S = 10.0
_ACCOUNTS = re.compile(r"(?P<namespace>[a-z0-9-]+)/(?P<account>[a-z0-9-]*\{service\}[a-z0-9-]*)")


class LoginKind(StrEnum):
    """What a vault checks tokens of service accounts by."""

    JWT = "jwt"
    KUBERNETES = "kubernetes"


def setup(
    *,
    kafka: Annotated[str, typer.Option(help="The broker, as HOST:PORT.")],
    vault: Annotated[str | None, typer.Option(help="The vault's address; without it only topics.")] = None,
    secret_ids: Annotated[
        Path | None, typer.Option(help="A folder for the services' secret-ids, a file each.")
    ] = None,
    service_accounts: Annotated[
        str | None,
        typer.Option(
            help="NAMESPACE/NAME of the services' accounts in Kubernetes, with {service} in NAME:"
            " they sign in by their tokens."
        ),
    ] = None,
    vault_auth: Annotated[LoginKind, typer.Option(help="What checks those tokens.")] = LoginKind.JWT,
    vault_auth_mount: Annotated[
        str | None, typer.Option(help="Where that login is; else its own name.")
    ] = None,
    audience: Annotated[str, typer.Option(help="Of those tokens.")] = AUDIENCE,
    partitions: Annotated[int, typer.Option(min=1, help="Of each topic; no service has more processes.")] = (
        PARTITIONS
    ),
    replicas: Annotated[int, typer.Option(min=1, help="Of each topic.")] = 1,
) -> None:
    """Make the topics, and Vault's mount, policies and roles; safe to repeat.

    Services sign in to Vault by secret-ids or by service accounts, or both: name at least one. VAULT_TOKEN
    holds the token of somebody who may administer Vault, VAULT_CACERT whose certificate it may show,
    VAULT_NAMESPACE its namespace; LEDGERBUS_KAFKA_SECURITY_PROTOCOL, _SASL_MECHANISM, _USERNAME, _PASSWORD
    and _CA_FILE say how to sign in to the broker.
    """
    tokens = _tokens(service_accounts, vault_auth.value, vault_auth_mount, audience)
    administrator = _administrator(vault, named=secret_ids is not None or tokens is not None)
    options = kafka_options(kafka)
    try:
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
    if vault:
        _prepare_vault(vault, administrator, secret_ids, tokens)
    made = ", and the services' roles in Vault," if vault else ""
    typer.echo(f"{len(all_topics())} topics{made} are in place.")


def _tokens(
    accounts: str | None, kind: Literal["jwt", "kubernetes"], mount: str | None, audience: str
) -> TokenLogin | None:
    if accounts is None:
        return None
    named = _ACCOUNTS.fullmatch(accounts)
    if named is None:
        raise BadUsageError("--service-accounts is NAMESPACE/NAME with {service} in NAME.")
    return TokenLogin(kind=kind, mount=mount or kind, audience=audience, **named.groupdict())


def _administrator(vault: str | None, *, named: bool) -> str:
    if vault is None:
        if named:
            raise BadUsageError("--secret-ids and --service-accounts need --vault.")
        return ""
    if not named:
        raise BadUsageError("--vault needs --secret-ids or --service-accounts: how services sign in.")
    token = os.environ.get("VAULT_TOKEN")
    if not token:
        raise BadUsageError("Set VAULT_TOKEN to the token of somebody who may administer Vault.")
    return token


def _prepare_vault(vault: str, token: str, secret_ids: Path | None, tokens: TokenLogin | None) -> None:
    if secret_ids is not None:
        secret_ids.mkdir(parents=True, exist_ok=True, mode=0o700)
    with requests.Session() as session:
        session.verify = os.environ.get("VAULT_CACERT") or True
        namespace = os.environ.get("VAULT_NAMESPACE") or None
        client = hvac.Client(url=vault, token=token, session=session, timeout=_TIMEOUT_S, namespace=namespace)
        try:
            provision(client, secret_ids, tokens)
        except EmbeddedError as error:
            raise LedgerbusError(str(error)) from None
        except (requests.RequestException, VaultError) as error:
            raise UnreachableError("The vault", f"{vault} ({type(error).__name__})") from None
