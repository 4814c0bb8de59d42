"""What the doctor says of a system that is well, and of each thing that is not."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import hvac
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from export_contracts import _unconnected
from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.doctor import clocks, connections
from ledgerbus_cli.doctor.broker import retention
from ledgerbus_cli.doctor.findings import State
from ledgerbus_cli.doctor.groups import GROUPS, MOST_BEHIND, Group, judged
from ledgerbus_cli.doctor.indexes import INDEXES
from ledgerbus_cli.system import PARTITIONS, System
from ledgerbus_cli.topic_settings import topic_settings
from pydantic import SecretStr
from sandbox.embedded import VaultAccess
from sandbox.embedded.ports import free_port
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings
from settings_page import SERVICES
from support.command import Answer, ledgerbus
from sync_contracts.runs import RunProgress
from sync_contracts.topics import all_topics

A_TOPIC = "webhook.disabled.v1.dead"


def doctor(*arguments: object) -> Answer:
    return ledgerbus("doctor", *arguments, "--json")


def bad(answer: Answer) -> list[dict[str, str]]:
    return [finding for finding in answer.json["findings"] if finding["state"] == State.BAD]


@pytest.mark.e2e
def test_a_system_that_is_well_gets_a_sentence_for_each_thing(system: System) -> None:
    answer = doctor("--data", system.data_dir)
    said = ledgerbus("doctor", "--data", system.data_dir)

    assert (bad(answer), answer.exit_code, answer.json["ok"]) == ([], 0, True)
    parts = {finding["part"] for finding in answer.json["findings"]}
    assert parts >= {"broker", "topics", "retention", "consumers", "vault", "vault roles", "database"}
    assert parts >= {"indexes", "clock", "connections", *SERVICES}
    assert "All 48 topics are there, with 4 partitions." in said.stdout
    assert said.exit_code == 0


def test_what_setup_gives_is_kept_long_enough_and_a_message_s_day_is_not() -> None:
    given = {topic: int(settings["retention.ms"]) for topic, settings in topic_settings(1).items()}
    day_ms, progress = 24 * 3_600_000, RunProgress.topic

    found = {
        "as given": retention(given).state,
        "a topic's day": retention(given | {A_TOPIC: day_ms}).state,
        "progress, an hour": retention(given | {progress: day_ms // 24}).state,
        "for ever": retention(given | {A_TOPIC: -1}).state,
    }

    assert given[progress] == day_ms
    assert found == {
        "as given": State.GOOD,
        "a topic's day": State.BAD,
        "progress, an hour": State.BAD,
        "for ever": State.LOOK,
    }


@pytest.mark.e2e
def test_a_dead_service_and_a_missing_topic_are_named_with_what_to_do(system: System) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    with without_topic(system):
        answer = doctor("--data", system.data_dir, "--service", f"notifier={nowhere}")

    told = {finding["part"]: finding for finding in bad(answer)}
    assert answer.exit_code == 1
    assert set(told) == {"notifier", "topics"}
    assert nowhere in told["notifier"]["told"]
    assert told["notifier"]["advice"].startswith("Start it")
    assert A_TOPIC in told["topics"]["told"]


@pytest.mark.e2e
async def test_the_doctor_knows_every_index_there_is(system: System) -> None:
    url = SecretStr(system.stack.settings.mongo_url)
    mongo = build_mongo(MongoSettings(url=url, database="any"))

    try:
        made = {name: await indexes_of(mongo[name]) for name in INDEXES}
    finally:
        mongo.close()

    assert made == INDEXES


def test_the_doctor_knows_every_group_there_is() -> None:
    consumed = {
        subscriber.group_id: set(subscriber.topic_names_for_subscribe)
        for service in SERVICES
        for subscriber in _unconnected(service).state.broker.subscribers
        if subscriber.group_id
    }

    assert consumed == {name: set(topics) for name, topics in GROUPS.items()}


@pytest.mark.integration
def test_a_sealed_vault_is_told_from_one_that_is_away(vault: VaultAccess, tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"

    with sealed(vault):
        found = bad(doctor("--data", tmp_path, "--vault", vault.address))
    (missing,) = bad(doctor("--data", tmp_path, "--vault", away))

    assert "is sealed" in found[0]["told"]
    assert "Unseal it" in found[0]["advice"]
    assert away in missing["told"]


@pytest.mark.integration
def test_a_role_that_cannot_sign_in_is_named(vault: VaultAccess, tmp_path: Path) -> None:
    for name, role in vault.roles.items():
        (tmp_path / name).write_text("made-up" if name == "notifier" else role.secret_id_file.read_text())

    (trouble,) = bad(doctor("--data", tmp_path, "--vault", vault.address, "--secret-ids", tmp_path))

    assert "notifier cannot sign in" in trouble["told"]
    assert "made-up" not in json.dumps(trouble)
    assert "ledgerbus setup" in trouble["advice"]


def test_where_nothing_runs_it_says_so(tmp_path: Path) -> None:
    answer = doctor("--data", tmp_path)

    assert (answer.exit_code, answer.json["error"]) == (1, "NOTHING_RUNS")
    assert "ledgerbus up" in answer.stderr


def test_a_system_that_was_killed_is_not_reached_anywhere(tmp_path: Path) -> None:
    gone: dict[str, Any] = {name: f"http://127.0.0.1:{free_port()}" for name in Addresses.model_fields}
    hosts = {"kafka": f"127.0.0.1:{free_port()}", "database": f"mongodb://127.0.0.1:{free_port()}"}
    Addresses(**gone | hosts).write(tmp_path)

    answer = doctor("--data", tmp_path)

    assert answer.exit_code == 1
    assert Counter(one["part"] for one in bad(answer)) == Counter(["broker", "vault", "database", *SERVICES])
    assert all(one["advice"] for one in bad(answer))


def test_a_group_is_in_trouble_without_members_or_far_behind() -> None:
    well = Group("notifier.run.finished.v1", members=1, behind=MOST_BEHIND)
    alone = Group("connector-workers.job.requested.v1", members=0, behind=0)
    late = Group("summary-writer.job.counted.v1", members=2, behind=MOST_BEHIND + 1)

    reading = Group("connector-workers.job.requested.v1", members=2, behind=MOST_BEHIND + 1)

    (nobody, behind) = judged([well, alone, late])
    (busy,) = judged([well, reading])

    assert [finding.state for finding in judged([well])] == [State.GOOD]
    assert "Nobody consumes as connector-workers" in nobody.told
    assert "1001 messages behind" in behind.told
    assert (busy.state, behind.state) == (State.LOOK, State.BAD)


def test_a_clock_may_be_off_by_five_seconds() -> None:
    apart = {"the vault": timedelta(seconds=5), "the database": timedelta(seconds=-7)}

    (off,) = clocks.judged(apart)

    assert off.state is State.BAD
    assert off.told == "The clock of the database is 7 s behind this machine's."


def test_connections_that_need_their_users_are_no_fault_of_the_system() -> None:
    found = connections.judged(Counter(ok=3, untested=1, needs_auth=2), ending=1)

    assert [finding.state for finding in found] == [State.GOOD, State.LOOK, State.LOOK]
    assert found[0].told == "Connections: 6, of them 3 ok, 1 untested."
    assert found[1].told == "Connections that are needs_auth: 2."


async def indexes_of(database: Any) -> dict[str, frozenset[str]]:
    names = await database.list_collection_names()
    found = {name: set(await database[name].index_information()) - {"_id_"} for name in names}
    return {name: frozenset(indexes) for name, indexes in found.items() if indexes}


@contextmanager
def without_topic(system: System) -> Iterator[None]:
    asyncio.run(_delete(system.addresses.kafka))
    try:
        yield
    finally:
        asyncio.run(system.stack.create_topics(all_topics(), PARTITIONS))


async def _delete(bootstrap_servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([A_TOPIC])
    finally:
        await admin.close()


@contextmanager
def sealed(vault: VaultAccess) -> Iterator[None]:
    keys = json.loads((vault.roles["credentials"].secret_id_file.parents[1] / "keys.json").read_text())
    client = hvac.Client(url=vault.address, token=keys["root_token"])
    client.sys.seal()
    try:
        yield
    finally:
        client.sys.submit_unseal_key(keys["unseal_key"])
