"""Apache Kafka with an authorizer: the rights of docs/kafka-access.md are enough, and nobody has more."""

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from ledgerbus_cli.platform_client import open_platform
from ledgerbus_cli.system import SERVICES, SandboxOptions, System
from sandbox.embedded import BrokerKind
from sandbox.embedded.apache_kafka import ApacheKafka
from sandbox.embedded.ports import HOST, free_port
from support.system import QUICK, Firm, Sandbox
from sync_contracts.jobs import JobRequested
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncReload
from sync_contracts.runs import RunEnding, SyncCompleted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PAGE, POM = ROOT / "docs" / "kafka-access.md", ROOT / "deploy" / "kafka" / "pom.xml"
PASSWORD = "right-password-4711"
USERS = (*SERVICES, "platform")
MERIT = Provider.MERIT_AKTIVA


class GuardedKafka(ApacheKafka):
    """At its second listener users sign in and may do what the page says; the first is for administration."""

    def __init__(self, folder: Path, port: int) -> None:
        self.guarded_port = free_port()
        self._folder_of_commands = folder.parent
        known = " ".join(f'user_{user}="{PASSWORD}"' for user in USERS)
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        super().__init__(
            folder,
            port,
            listeners={"SASL_PLAINTEXT": self.guarded_port},
            settings={
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
                "sasl.enabled.mechanisms": "PLAIN",
                "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"{plain} required {known};",
            },
        )

    async def create_topics(self, names: Iterable[str], partitions: int) -> None:
        await super().create_topics(names, partitions)
        await self._grant()

    async def _grant(self) -> None:
        """The page's own lines, with Apache Kafka's own tool."""
        [lines] = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        folder = self._folder_of_commands
        jars = await self._jars_of_the_tool(folder)
        (folder / "admin.properties").touch()
        tool = folder / "kafka-acls.sh"
        java = f'java -XX:TieredStopAtLevel=1 -cp "{jars}"'
        tool.write_text(f'#!/bin/sh\nexec {java} org.apache.kafka.tools.AclCommand "$@"\n')
        tool.chmod(0o700)
        environment = f"PATH={folder}:$PATH KAFKA={self.bootstrap_servers}"
        await run(folder, "bash", "-euc", f"{environment}\n{lines}")

    async def _jars_of_the_tool(self, folder: Path) -> str:
        """The broker's, and one that it does not need itself, in the same version."""
        broker = self.command()
        [version] = set(re.findall(r"kafka_2.13</artifactId>\s*<version>(.*?)<", POM.read_text()))
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        tool = f"-Dartifact=org.apache.kafka:kafka-tools:{version}"
        await run(folder, "mvn", "-q", "-B", copy, tool, f"-DoutputDirectory={folder / 'tool'}")
        return f"{broker[broker.index('-cp') + 1]}:{folder / 'tool'}/*"


async def run(folder: Path, *command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def signed_in(user: str, port: int) -> dict[str, str]:
    return {
        "bootstrap_servers": f"{HOST}:{port}",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": user,
        "sasl_plain_password": PASSWORD,
    }


def settings_of(service: str, port: int) -> dict[str, str]:
    settings = {
        "BOOTSTRAP_SERVERS": f"{HOST}:{port}",
        "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "SASL_MECHANISM": "PLAIN",
        "USERNAME": service,
        "PASSWORD": PASSWORD,
    }
    prefix = f"{service.replace('-', '_').upper()}__KAFKA__"
    return {prefix + name: value for name, value in settings.items()}


@pytest.fixture
async def guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, GuardedKafka]]:
    """The whole system, each service signed in as itself."""
    kafka = GuardedKafka(tmp_path / "kafka", free_port())
    monkeypatch.setattr("sandbox.embedded.stack.broker_program", lambda *_: kafka)
    users = {
        name: value
        for service in SERVICES
        for name, value in settings_of(service, kafka.guarded_port).items()
    }
    system = System(
        tmp_path,
        SandboxOptions(clients=3, documents=4),
        environment={**QUICK, **users},
        ports={"broker": kafka.port},
        broker=BrokerKind.KAFKA,
    )
    async with system:
        yield system, kafka


async def test_a_month_is_read_and_nobody_but_the_platform_may_ask(
    guarded: tuple[System, GuardedKafka],
) -> None:
    system, kafka = guarded
    async with open_platform(system.addresses, system.key) as platform:
        firm = Firm(platform, Sandbox(str(system.addresses.sandbox)))
        await firm.connect("client-1", MERIT)
        asked = await platform.bulk(["client-1"], MERIT, Month(2026, 5))
        receipt = await platform.receipt((await platform.accepted(asked)).run_id, within_s=120)
        assert receipt.ending is RunEnding.COMPLETED
        await firm.assert_truth("client-1", MERIT, Month(2026, 5))

    for service in SERVICES:
        async with AIOKafkaProducer(**signed_in(service, kafka.guarded_port)) as producer:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(SyncReload.topic, b"{}")
    async with AIOKafkaProducer(**signed_in("platform", kafka.guarded_port)) as producer:
        await producer.send_and_wait(SyncReload.topic, b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(JobRequested.topic, b"{}")
    assert await may_read("platform", kafka, SyncCompleted.topic, f"platform-{uuid4().hex}")
    assert not await may_read("platform", kafka, JobRequested.topic, f"platform-{uuid4().hex}")
    assert not await may_read("platform", kafka, SyncCompleted.topic, "summary-writer.theirs")


async def may_read(user: str, kafka: GuardedKafka, topic: str, group: str) -> bool:
    consumer = AIOKafkaConsumer(
        topic, **signed_in(user, kafka.guarded_port), group_id=group, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        await asyncio.wait_for(consumer.getone(), 30)
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
        return False
    finally:
        await consumer.stop()
    return True
