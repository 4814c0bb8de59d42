"""Hears what becomes of requests, of all firms: the half of a platform that always runs.

python docs/examples/hear.py localhost:9092 platform

The second word is the consumer's group. Needs aiokafka and nothing of ledgerbus; what was heard is kept in
./heard.sqlite, where the view `outcomes` has each request with its refusal or its receipt.
"""

import asyncio
import json
import sqlite3
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer

TOPICS = ("run.accepted.v1", "run.rejected.v1", "run.progress.v1", "sync.completed.v1")
# Topics keep no order between each other: a receipt may be heard before the answer that names its run.
TABLES = """
    CREATE TABLE IF NOT EXISTS heard (ce_id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS answers (company TEXT, request TEXT, run TEXT, refusal TEXT);
    CREATE TABLE IF NOT EXISTS receipts (run TEXT, body TEXT);
    CREATE VIEW IF NOT EXISTS outcomes AS
        SELECT company, request, run, refusal, body FROM answers LEFT JOIN receipts USING (run);
"""

Json = dict[str, Any]


def is_first(database: sqlite3.Connection, ce_id: str) -> bool:
    return database.execute("INSERT OR IGNORE INTO heard VALUES (?)", (ce_id,)).rowcount == 1


def keep(database: sqlite3.Connection, topic: str, told: Json) -> None:
    """What the message changes for this platform."""
    company = told["meta"]["company_id"]
    match topic:
        case "run.accepted.v1" | "run.rejected.v1":
            answer = (company, told["request_id"], told.get("run_id"), told.get("code"))
            database.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", answer)
        case "sync.completed.v1":
            database.execute("INSERT INTO receipts VALUES (?, ?)", (told["run_id"], json.dumps(told)))


def lines(topic: str, told: Json) -> list[str]:
    """The message for people."""
    match topic:
        case "run.accepted.v1":
            return [f"{told['request_id']} is run {told['run_id']}"]
        case "run.rejected.v1":
            return [f"{told['request_id']} was refused, {told['code']}: {told['message']}"]
        case "run.progress.v1":
            ended = sum(told["progress"]["ended"].values())
            return [f"{ended} of {told['progress']['jobs']} jobs of run {told['run_id']} have ended"]
    ending = f"run {told['run_id']} {told['ending']}: {told['message']}"
    return [ending, *(f"{line['client_id']} {line['ending']} {line['code'] or ''}" for line in told["lines"])]


async def hear(kafka: str, group: str) -> None:
    """Each message changes the database once, however often it comes."""
    database = sqlite3.connect("heard.sqlite")
    database.executescript(TABLES)
    rules = {"group_id": group, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(*TOPICS, bootstrap_servers=kafka, **rules) as consumer:
        async for record in consumer:
            ce_id = dict(record.headers)["ce_id"].decode()
            told = json.loads(record.value)
            with database:  # the id and its effect together, or neither
                if is_first(database, ce_id):
                    keep(database, record.topic, told)
                    for line in lines(record.topic, told):
                        print(f"{told['meta']['company_id']}: {line}".rstrip(), flush=True)
            await consumer.commit()  # after the effect: what a crash cuts off here comes again


if __name__ == "__main__":
    asyncio.run(hear(*sys.argv[1:]))
