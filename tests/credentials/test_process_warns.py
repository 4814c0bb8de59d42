"""The service as a process of its own warns before a real form's credentials end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord
from sandbox.embedded import VaultAccess
from support.credentials_process import CredentialsStack
from support.issuer import Issuer
from support.kafka import read_all
from support.sandbox_server import running_sandbox
from sync_contracts.connections import ConnectionExpiring

pytestmark = pytest.mark.integration


async def test_a_token_with_an_end_date_is_shown_and_warned_of(
    kafka_bootstrap: str, mongo_url: str, vault: VaultAccess, tmp_path: Path
) -> None:
    firm, expires_on = f"firm-{uuid4().hex[:8]}", datetime.now(UTC).date() + timedelta(days=20)
    with running_sandbox(clients=1) as sandbox:
        credentials_stack = CredentialsStack(
            kafka_bootstrap, mongo_url, vault, sandbox, tmp_path, Issuer(tmp_path)
        )
        [known] = sandbox.accounts("tripletex")
        with credentials_stack.process() as process:
            async with process.client(firm) as http:
                fields = known["credentials"] | {"expires_on": expires_on.isoformat()}
                path = "/v1/clients/client-1/connections/tripletex"
                saved = await http.put(path, json={"fields": fields})
            sent = await read_all(
                kafka_bootstrap, ConnectionExpiring.topic, until=lambda found: bool(_of(firm, found))
            )

    assert saved.json()["expires_on"] == expires_on.isoformat()
    [warning] = _of(firm, sent)
    assert str(warning.connection_id) == saved.json()["connection_id"]
    assert warning.expires_on == expires_on


def _of(firm: str, records: list[ConsumerRecord[Any, Any]]) -> list[ConnectionExpiring]:
    told = [ConnectionExpiring.model_validate_json(record.value) for record in records]
    return [event for event in told if event.meta.company_id == firm]
