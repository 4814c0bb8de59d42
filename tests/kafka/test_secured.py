"""Encrypted and signed in: services and the command reach Apache Kafka, and nobody with a wrong password."""

import asyncio
from collections.abc import Iterator
from typing import Literal
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError
from ledgerbus_cli.inbox import Inbox
from ledgerbus_cli.kafka_access import PREFIX, kafka_options
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.problems import UnreachableError
from notifier.app import build_app
from notifier.settings import Settings
from sandbox.embedded import VaultAccess, create_topics
from service_kit.settings import HttpSettings, KafkaSettings, MongoSettings
from support.kafka import eventually
from support.notifier_service import vault_settings
from support.receipts import finished
from support.secured_kafka import SecuredKafka, secured_kafka
from support.service_app import NO_ISSUER, is_ready, running_app
from sync_contracts.runs import SyncCompleted
from sync_contracts.topics import all_topics

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture
def environment(kafka: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command signs in by its environment."""
    for name, value in kafka.variables(PREFIX).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def settings_of(kafka: KafkaSettings, mongo_url: str, vault: VaultAccess) -> Settings:
    mongo = MongoSettings(url=mongo_url, database=f"notifier-{uuid4().hex}")
    return Settings(
        kafka=kafka, mongo=mongo, vault=vault_settings(vault), http=HttpSettings(port=0), users=NO_ISSUER
    )


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_a_service_hears_and_answers_whoever_signed_in(
    kafka: SecuredKafka,
    mongo_url: str,
    vault: VaultAccess,
    environment: pytest.MonkeyPatch,
    mechanism: Literal["SCRAM-SHA-512", "PLAIN"],
) -> None:
    environment.setenv(f"{PREFIX}SASL_MECHANISM", mechanism)
    run = finished()
    await create_topics(kafka_options(kafka.bootstrap), all_topics(), 1)

    async with (
        running_app(build_app(settings_of(kafka.settings(mechanism), mongo_url, vault))) as service,
        Inbox(kafka.bootstrap) as inbox,
        Outbox(kafka.bootstrap) as outbox,
    ):
        await eventually(lambda: is_ready(service))
        await outbox.send(run)
        receipt = await inbox.first(
            (SyncCompleted,), lambda one: one.run_id == run.run_id, "the receipt", within_s=60
        )

    assert receipt.run_id == run.run_id


async def test_a_service_with_a_wrong_password_does_not_start(
    kafka: SecuredKafka, mongo_url: str, vault: VaultAccess, caplog: pytest.LogCaptureFixture
) -> None:
    app = build_app(settings_of(kafka.settings(password="wrong-password-1174"), mongo_url, vault))

    with pytest.raises(KafkaConnectionError):
        async with running_app(app):
            pass

    assert "Authentication failed" in caplog.text
    assert "wrong-password-1174" not in caplog.text


async def test_the_command_with_a_wrong_password_is_refused(
    kafka: SecuredKafka, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(f"{PREFIX}PASSWORD", "wrong-password-1174")

    with pytest.raises(UnreachableError):
        async with Outbox(kafka.bootstrap):
            pass


async def test_a_broker_whose_certificate_nobody_vouches_for_is_not_believed(
    kafka: SecuredKafka, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv(f"{PREFIX}CA_FILE")

    with pytest.raises(UnreachableError):
        async with Outbox(kafka.bootstrap):
            pass


async def test_without_signing_in_nothing_is_heard(kafka: SecuredKafka) -> None:
    with pytest.raises(UnreachableError):
        async with asyncio.timeout(60), Outbox(kafka.bootstrap):
            pass
