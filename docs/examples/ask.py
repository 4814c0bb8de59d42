"""Asks for a month of some clients' books: the half of a platform that a user's click starts.

python docs/examples/ask.py localhost:9092 firm-7 merit-aktiva 2026-05 client-1 client-2

Needs aiokafka and nothing of ledgerbus.
"""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

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


def main(kafka: str, company: str, provider: str, month: str, *clients: str) -> None:
    request = bulk(company, provider, month, list(clients))
    asyncio.run(send(kafka, "sync.bulk.v1", request))
    print(request["request_id"])


if __name__ == "__main__":
    main(*sys.argv[1:])
