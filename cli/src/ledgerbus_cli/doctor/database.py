"""The database: a replica set that takes writes, with the indexes that keep things single."""

from datetime import UTC, datetime
from typing import Any

from pymongo.errors import PyMongoError
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings

from ledgerbus_cli.doctor.findings import Finding, bad, good, some
from ledgerbus_cli.doctor.indexes import INDEXES

PART = "database"


async def check_database(settings: MongoSettings) -> list[Finding]:
    """Reachable, writable, and all indexes; one finding alone when it does not answer."""
    mongo = build_mongo(settings)
    try:
        hello = await mongo.admin.command("hello")
        version = (await mongo.server_info())["version"]
        return [_set(hello, version), await _indexes(mongo)]
    except PyMongoError as error:
        told = f"The database does not answer ({type(error).__name__})."
        return [bad(PART, told, "Start it, or correct LEDGERBUS_MONGO_URL; until then nothing is written.")]
    finally:
        mongo.close()


async def time_of_database(settings: MongoSettings) -> datetime:
    mongo = build_mongo(settings)
    try:
        told: datetime = (await mongo.admin.command("hello"))["localTime"]
        return told.replace(tzinfo=UTC)  # answers to commands are told without it
    finally:
        mongo.close()


def _set(hello: dict[str, Any], version: str) -> Finding:
    name = hello.get("setName")
    if name is None:
        return bad(
            PART,
            f"The database (version {version}) is no replica set.",
            "Start mongod with --replSet, and rs.initiate.",
        )
    if not hello.get("primary"):
        return bad(PART, f"The replica set {name} has no primary, so nothing is written.", "See rs.status().")
    members = len(hello.get("hosts", []))
    return good(PART, f"The replica set {name} takes writes: {members} members, version {version}.")


async def _indexes(mongo: Any) -> Finding:
    missing: list[str] = []
    for database, collections in INDEXES.items():
        for collection, wanted in collections.items():
            known = await mongo[database][collection].index_information()
            missing += [f"{database}.{collection} {name}" for name in sorted(wanted - set(known))]
    if missing:
        advice = "Restart the service of that name: each makes its indexes when it starts."
        return bad("indexes", f"{len(missing)} indexes are missing: {some(missing)}.", advice)
    count = sum(len(names) for collections in INDEXES.values() for names in collections.values())
    return good("indexes", f"All {count} indexes are there.")
