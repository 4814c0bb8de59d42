"""Asks for a month of some clients' books and hears what becomes of it: a platform in one file.

python docs/examples/bulk.py localhost:9092 firm-7 merit-aktiva 2026-05 client-1 client-2

Needs aiokafka and nothing of ledgerbus. What was heard is kept in ./heard.sqlite.
"""

import asyncio
import json
import sqlite3
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

TOPICS = ("run.accepted.v1", "run.rejected.v1", "run.progress.v1", "sync.completed.v1")
TABLES = """
    CREATE TABLE IF NOT EXISTS heard (ce_id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS answers (company TEXT, request TEXT, run TEXT, refusal TEXT);
    CREATE TABLE IF NOT EXISTS receipts (run TEXT, body TEXT);
"""
OUTCOME = """
    SELECT refusal, body FROM answers LEFT JOIN receipts USING (run) WHERE company = ? AND request = ?
"""

Json = dict[str, Any]


def bulk(company: str, provider: str, month: str, clients: list[str]) -> Json:
    """`sync.bulk.v1`; the same `request_id` gets the same answer, so it may be sent again."""
    request_id = f"req-{uuid.uuid4().hex}"
    meta = {
        "event_id": str(uuid.uuid4()),
        "occurred_at": datetime.now(UTC).isoformat(),
        "company_id": company,
        "correlation_id": request_id,
        "actor": {"id": "anna", "role": "owner"},
    }
    asked = {"request_id": request_id, "provider": provider, "month": month, "client_ids": clients}
    return {"meta": meta, **asked}


def headers(topic: str, meta: Json) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, binary mode."""
    told = {
        "ce_specversion": "1.0",
        "ce_id": meta["event_id"],
        "ce_type": topic,
        "ce_source": "/platform",
        "ce_time": meta["occurred_at"],
        "ce_subject": meta["company_id"],
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in told.items()]


async def send(kafka: str, topic: str, request: Json) -> None:
    """Returns once the request is on record."""
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        key, body = request["meta"]["company_id"].encode(), json.dumps(request).encode()
        await producer.send_and_wait(topic, body, key=key, headers=headers(topic, request["meta"]))


def is_first(database: sqlite3.Connection, ce_id: str) -> bool:
    return database.execute("INSERT OR IGNORE INTO heard VALUES (?)", (ce_id,)).rowcount == 1


def keep(database: sqlite3.Connection, topic: str, told: Json) -> None:
    """What the message changes for this platform."""
    match topic:
        case "run.accepted.v1" | "run.rejected.v1":
            answer = (told["meta"]["company_id"], told["request_id"], told.get("run_id"), told.get("message"))
            database.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", answer)
        case "sync.completed.v1":
            database.execute("INSERT INTO receipts VALUES (?, ?)", (told["run_id"], json.dumps(told)))
        case "run.progress.v1":
            ended = sum(told["progress"]["ended"].values())
            print(f"run {told['run_id']}: {ended} of {told['progress']['jobs']} jobs have ended")


def outcome(database: sqlite3.Connection, company: str, request_id: str) -> Json | None:
    """The refusal or the receipt, once both halves are there: topics keep no order between each other."""
    refusal, receipt = database.execute(OUTCOME, (company, request_id)).fetchone() or (None, None)
    if refusal:
        return {"ending": "refused", "message": refusal, "lines": []}
    return dict(json.loads(receipt)) if receipt else None


async def hear(consumer: AIOKafkaConsumer, database: sqlite3.Connection, company: str, wanted: str) -> Json:
    """Keeps all that is said, to whomever, until the wanted request has its outcome."""
    async for record in consumer:
        named = {name: value.decode() for name, value in record.headers}
        with database:  # the id and its effect together, or neither
            if is_first(database, named["ce_id"]):
                keep(database, record.topic, json.loads(record.value))
        await consumer.commit()  # after the effect: a crash in between repeats, and loses nothing
        if found := outcome(database, company, wanted):
            return found
    raise RuntimeError("the consumer was stopped")


async def main(kafka: str, company: str, provider: str, month: str, *clients: str) -> int:
    database = sqlite3.connect("heard.sqlite")
    database.executescript(TABLES)
    request = bulk(company, provider, month, list(clients))
    await send(kafka, "sync.bulk.v1", request)
    group = {"group_id": "platform", "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(*TOPICS, bootstrap_servers=kafka, **group) as consumer:
        found = await asyncio.wait_for(hear(consumer, database, company, request["request_id"]), 120)
    print(f"{found['ending']}: {found['message']}")
    for line in found["lines"]:
        print(f"{line['client_id']}: {line['ending']} {line['code'] or ''} {line['message'] or ''}".rstrip())
    return 0 if found["ending"] == "completed" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
