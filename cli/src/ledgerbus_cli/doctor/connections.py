"""How well clients' connections read: of all firms, by number, without a name."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings

from ledgerbus_cli.doctor.findings import Finding, good, look
from ledgerbus_cli.system import DATABASES

PART = "connections"
_SOON = timedelta(days=30)
_GROUPS: list[dict[str, Any]] = [
    {"$match": {"stage": "active"}},
    {"$group": {"_id": "$terms.health", "connections": {"$sum": 1}}},
]
_ADVICE = {
    "needs_auth": "Their users enter new credentials or consent again: `ledgerbus connections` names them.",
    "wrong_company": "Their users connect the right books.",
    "no_permission": "Their users grant read access at the accounting system.",
    "plan_too_low": "Their users upgrade the licence at the accounting system.",
}


async def check_connections(settings: MongoSettings) -> list[Finding]:
    """Nothing where the database does not answer: that is told elsewhere."""
    mongo = build_mongo(settings)
    kept = mongo[DATABASES["credentials"]]["connections"]
    try:
        counted = Counter({row["_id"]: row["connections"] async for row in kept.aggregate(_GROUPS)})
        ending = await kept.count_documents({"stage": "active", **_ending_before(datetime.now(UTC) + _SOON)})
    except PyMongoError:
        return []
    finally:
        mongo.close()
    return judged(counted, ending)


def judged(counted: Counter[str], ending: int) -> list[Finding]:
    """`counted` by health."""
    sound = {health: number for health, number in counted.items() if health not in _ADVICE}
    parts = ", ".join(f"{number} {health}" for health, number in sorted(sound.items()))
    found = [good(PART, f"Connections: {counted.total()}" + (f", of them {parts}." if parts else "."))]
    for health, advice in _ADVICE.items():
        if number := counted[health]:
            found.append(look(PART, f"Connections that are {health}: {number}.", advice))
    if ending:
        told = f"Connections whose credentials end within 30 days, or have ended: {ending}."
        found.append(look(PART, told, "Their users enter new ones; `connection.expiring.v1` tells the firm."))
    return found


def _ending_before(day: datetime) -> dict[str, Any]:
    return {"terms.expires_on": {"$ne": None, "$lte": day.date().isoformat()}}
